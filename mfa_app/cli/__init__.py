"""The command line: the same actions as on the pages, from a terminal."""

from flask import Flask

from mfa_app.cli import (
    audit,
    audit_verify,
    backup,
    blocked,
    groups,
    jobs,
    keys,
    policy,
    setup,
    users,
    version,
)
from mfa_app.cli.demo.command import demo as demo_command
from mfa_app.cli.doctor.command import doctor as doctor_command

COMMANDS = (
    *(part.commands for part in (users, groups, policy, blocked, audit, keys, jobs)),
    *(setup.prepare, setup.setup_link, demo_command, doctor_command, version.version),
    *(backup.backup, backup.restore, backup.restored),
)
audit.commands.add_command(audit_verify.verify)
audit.commands.add_command(audit_verify.anchor)


def init_app(app: Flask) -> None:
    """Add the commands to `flask --app wsgi`."""
    for command in COMMANDS:
        app.cli.add_command(command)
