"""The command line: the same verbs as the pages, from a terminal."""

from flask import Flask

from mfa_app.cli import audit, audit_verify, backup, demo, doctor, groups, keys, policy, setup, users


def init_app(app: Flask) -> None:
    """Add the commands to `flask --app wsgi`."""
    for noun in (users.commands, groups.commands, policy.commands, audit.commands, keys.commands):
        app.cli.add_command(noun)
    audit.commands.add_command(audit_verify.verify)
    audit.commands.add_command(audit_verify.anchor)
    copies = (backup.backup, backup.restore, backup.restored)
    for command in (setup.prepare, setup.setup_link, demo.demo, doctor.doctor, *copies):
        app.cli.add_command(command)
