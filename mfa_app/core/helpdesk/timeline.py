"""What happened with one person, for those who help: the trail about that person, a login as one line."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import cast

from mfa_app.core.audit import happenings
from mfa_app.core.audit.events import EndReason, Event
from mfa_app.core.audit.happenings import PAGE, Happening
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.sessions.revocation import RevocationReason
from mfa_app.models import AuditEvent, Role, User
from mfa_app.models.row_facts import AnyEvent, EventFacts

RECENT = timedelta(days=30)

_ENDS = {Event.SESSIONS_ENDED.label, Event.DEVICES_FORGOTTEN.label, Event.LINKS_ENDED.label}

# What else ends has ended by its time, or by a change that has a line of its own.
_TOLD_ENDS = {
    RevocationReason.LOGGED_OUT_EVERYWHERE.value,
    EndReason.LOGGED_OUT,
    EndReason.FORGOTTEN,
    EndReason.NO_CODE_IN_TIME,
}


@dataclass(frozen=True)
class Timeline:
    """What happened, newest first. `before` is the row number to pass for what was earlier, or None.

    `rows` are the rows of the trail that were read, newest first, also those without a line.
    """

    lines: tuple[Happening, ...] = ()
    before: int | None = None
    rows: tuple[AnyEvent, ...] = ()


def read(user: User, *, actor: Actor, since: datetime | None = None, before: int | None = None) -> Timeline:
    """Return what happened with a user whom the actor may see, by one SELECT of at most 60 rows.

    `since`: not before this time. `before`: only rows of the trail with a number below this.
    """
    limit = happenings.limit_of(before)
    about = happenings.with_people().where(AuditEvent.subject_id == user.id, AuditEvent.id < limit)
    found = happenings.newest(about)
    lines = happenings.fold(happenings.whole_logins(found, PAGE))
    if since is not None:
        lines = list(takewhile(lambda line: line.row.at >= since, lines))
    shown = (part.row.id for line in lines for part in (line, *line.parts))
    end = min(shown, default=limit)
    return Timeline(
        tuple(_as_seen_by(actor, line) for line in lines if not _goes_without_saying(line.row)),
        end if found and found[-1].row.id < end else None,
        tuple(one.row for one in found),
    )


def _goes_without_saying(row: AnyEvent) -> bool:
    return row.event in _ENDS and row.details.get("because") not in _TOLD_ENDS


def _as_seen_by(actor: Actor, line: Happening) -> Happening:
    """Leave out where others than the person acted from, and whom a scope hides from the actor."""
    row = cast("EventFacts", line.row)  # as `happenings.read` makes them
    if line.is_own or row.actor_kind == ActorKind.VISITOR:
        return line
    shown = replace(row, ip_address="", user_agent="")
    if actor.scope_of is None or not _may_be_outside(line):
        return replace(line, row=shown, parts=())
    nobody = replace(shown, actor_kind=str(ActorKind.VISITOR), actor_id=None, actor_name="")
    return replace(line, row=nobody, actor=None, parts=())


def _may_be_outside(line: Happening) -> bool:
    """Return True if somebody of the staff acted, or somebody whose account is gone."""
    return line.row.actor_kind == ActorKind.PERSON and (line.actor is None or line.actor.role == Role.STAFF)
