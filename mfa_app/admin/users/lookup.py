"""The user that an administration page is about, if the actor may see that user."""

from collections.abc import Iterable
from datetime import datetime

from flask import abort

from mfa_app.core.common.errors import NotAllowed
from mfa_app.core.policy.facts import PolicySubject
from mfa_app.core.users import directory
from mfa_app.core.users.directory import Entry
from mfa_app.core.users.standings import standings
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
    passkeys = {entry.id: entry.has_passkey for entry in entries}
    decisions = standings(passkeys, now=now)
    return {id_: standing_of(decision, has_passkey=passkeys[id_]) for id_, decision in decisions.items()}
