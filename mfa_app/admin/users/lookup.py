"""The user that an administration page is about, if the actor may see that user."""

from collections.abc import Iterable
from datetime import datetime

from flask import abort, current_app
from flask_babel import gettext as _

from mfa_app.core.common.errors import NotAllowed
from mfa_app.core.policy.facts import PolicySubject
from mfa_app.core.users import directory, enrolment_links, invitations
from mfa_app.core.users.directory import Entry
from mfa_app.core.users.standings import standings
from mfa_app.models import User
from mfa_app.web.security import gate
from mfa_app.web.security.current import current_actor
from mfa_app.wording.standing import ShownStanding, standing_of


def get_user_or_deny(user_id: int, *, to_change: bool = False) -> PolicySubject:
    """Return the user. Answer 404 if there is none, 403 if the actor may not see (or change) that user."""
    try:
        person = directory.get_visible(user_id, actor=current_actor(), to_change=to_change)
    except NotAllowed:
        gate.deny()
    return person or abort(404)


def shown_standings(entries: Iterable[Entry], *, now: datetime) -> dict[int, ShownStanding]:
    """Return where each person on a page of a list stands with 2-factor authentication, in words."""
    decisions = standings([entry.id for entry in entries], now=now)
    return {user_id: standing_of(decision) for user_id, decision in decisions.items()}


def invitation_notice(user: User) -> str:
    """Return the sentence that says how the one-time link reaches the user."""
    settings = current_app.config["SETTINGS"]
    if settings.smtp_url:
        return _(
            "An invitation with a link to choose a password is on its way to %(email)s.", email=user.email
        )
    return _(
        "No mail server is set up, so the invitation for %(email)s is now the file %(file)s on the server. "
        "Ask an engineer to pass on the link in it, or to print a new one: %(command)s",
        email=user.email,
        file=f"{settings.instance_path.name}/outbox/{invitations.saved_as(user)}",
        command=f"flask --app wsgi users invite {user.email}",
    )


def enrolment_notice(user: User) -> str:
    """Return the sentence that says how the enrolment link, or a new invitation, reaches the user."""
    if user.password_hash is None:
        return invitation_notice(user)
    settings = current_app.config["SETTINGS"]
    if settings.smtp_url:
        return _("A link to set up an authentication app is on its way to %(email)s.", email=user.email)
    return _(
        "No mail server is set up, so the email for %(email)s with a link to set up an authentication app "
        "is now the file %(file)s on the server. Ask an engineer to pass on the link in it, or to print a "
        "new one: %(command)s",
        email=user.email,
        file=f"{settings.instance_path.name}/outbox/{enrolment_links.saved_as(user)}",
        command=f"flask --app wsgi users app-link {user.email}",
    )
