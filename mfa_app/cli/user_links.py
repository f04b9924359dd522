"""`second-gate users invite` and `app-link`: links for a first password or app, emailed and printed."""

import click
from flask_babel import gettext as _

from mfa_app.cli.support.command import command_transaction, current_actor
from mfa_app.cli.support.lookup import get_user
from mfa_app.cli.support.output import app_link_lines, link_url, say
from mfa_app.cli.support.types import EMAIL
from mfa_app.core.common import clock
from mfa_app.core.mail import outbox
from mfa_app.core.mail.one_time_links import LIFETIME, Purpose
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.operations import site_values
from mfa_app.core.users import enrolment_links, invitations
from mfa_app.models import User
from mfa_app.settings import Settings
from mfa_app.site import site
from mfa_app.wording import dates


@click.command()
@click.argument("email", type=EMAIL)
@command_transaction
def invite(email: str) -> None:
    """Print a link to choose a first password, and email it."""
    send_invitation(get_user(email))


@click.command("app-link")
@click.argument("email", type=EMAIL)
@command_transaction
def app_link(email: str) -> None:
    """Email a link to set up an app to someone who needs one."""
    user = get_user(email)
    say_link(user, enrolment_links.send(user, actor=current_actor(), now=clock.now()))


def send_invitation(user: User) -> None:
    """Invite somebody, and print the link."""
    _say_invitation(user, invitations.invite(user, actor=current_actor(), now=clock.now()))


def say_link(user: User, token: str) -> None:
    """Print the link that was mailed: for a first app, or for a password if none is chosen yet."""
    if user.password_hash is None:
        _say_invitation(user, token)
    else:
        _say_app_link(user, token)


def _say_invitation(user: User, token: str) -> None:
    until = dates.weekday_time(clock.now() + LIFETIME[Purpose.INVITATION])
    say(
        _(
            "%(name)s can choose a password with this link. It works once, until %(time)s:",
            name=user.name,
            time=until,
        ),
        "",
        f"  {link_url(token)}",
        "",
    )
    _say_how_it_is_sent(user, Mail.INVITATION)


def _say_app_link(user: User, token: str) -> None:
    say(
        _("This role always needs 2-factor authentication, and a password alone can't link the first app."),
        *app_link_lines(user, token),
    )
    _say_how_it_is_sent(user, Mail.ENROLMENT_LINK)


def _say_how_it_is_sent(user: User, mail: Mail) -> None:
    if site_values.current().smtp_url:
        say(_("The same link is on its way to %(email)s by email.", email=user.email))
        return
    folder = outbox.folder_of(site()[Settings]).resolve()
    say(
        _("No mail server is set up, so no email is sent. Pass the link on yourself."),
        _("The email is the file %(file)s", file=folder / outbox.newest_file_name(mail, user)),
    )
