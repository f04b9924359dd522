"""All commands of the command line."""

from flask import Flask
from flask_migrate import Migrate

from mfa_app.cli import (
    audit,
    audit_verify,
    backup,
    blocked,
    break_glass,
    groups,
    help_requests,
    jobs,
    keys,
    mails,
    policy,
    rollout,
    setup,
    site,
    user_browsers,
    user_factors,
    user_files,
    user_groups,
    user_links,
    user_lists,
    user_passes,
    user_policy,
    users,
    version,
)
from mfa_app.cli.demo.command import demo as demo_command
from mfa_app.cli.doctor.command import doctor as doctor_command
from mfa_app.core.common.schema import MIGRATIONS
from mfa_app.extensions import db

COMMANDS = (
    *(part.commands for part in (users, groups, policy, rollout, help_requests, blocked)),
    *(part.commands for part in (break_glass, audit, mails, keys, jobs, site)),
    *(setup.prepare, setup.setup_link, demo_command, doctor_command, version.version),
    *(backup.backup, backup.restore, backup.restored),
)
audit.commands.add_command(audit_verify.verify)
audit.commands.add_command(audit_verify.anchor)
for of_people in (
    *(user_lists.list_, user_lists.invitations, user_lists.exemptions),
    *(user_files.import_people, user_files.export_people),
    *(user_policy.exempt, user_policy.end_exemption, user_policy.require),
    *(user_policy.deadline, user_policy.remind),
    *(user_groups.join, user_groups.leave, user_groups.scope),
    *(user_links.invite, user_links.app_link, user_passes.make_pass),
    *(user_factors.reset_2fa, user_factors.remove_app, user_factors.remove_passkey),
    *(user_browsers.sessions, user_browsers.devices, user_browsers.end_access),
):
    users.commands.add_command(of_people)


def add_to(app: Flask) -> None:
    """Add the site's commands and `flask db` to an application."""
    for command in COMMANDS:
        app.cli.add_command(command)
    Migrate(app, db, directory=str(MIGRATIONS))
