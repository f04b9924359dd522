"""Break-glass codes: two for the whole site, on paper, for an administrator who has lost everything else.

They are no second factor, so the registry doesn't know them. What one opens is decided in
`core/login/break_glass_step`.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import NotABreakGlassCode, UsedBreakGlassCode, WrongBreakGlassCode
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission, may
from mfa_app.core.common.tokens import digest
from mfa_app.core.factors import written_codes
from mfa_app.core.mail import administrators, outbox
from mfa_app.core.mail.outbox import Mail
from mfa_app.extensions import db
from mfa_app.models import BreakGlassCode
from mfa_app.models.database import rows_changed
from mfa_app.models.row_facts import AnyUser

IN_A_SET = 2

# 120 bits. From 112 on, a plain hash may keep such a code (NIST SP 800-63B-4, section 3.1.2.2).
RANDOM_BYTES = 15

CHARACTERS = 24


_CURRENT_SET = select(
    func.count().filter(BreakGlassCode.used_at.is_(None)),
    func.max(BreakGlassCode.created_at),
    func.max(BreakGlassCode.used_at),
)


@dataclass(frozen=True)
class CodeSet:
    """The site's set: how many codes are `left`, and when it was made (None if there is none).

    `used_at` is when one of its codes was last used, or None.
    """

    left: int
    made_at: datetime | None
    used_at: datetime | None

    @property
    def complete(self) -> bool:
        return self.left == IN_A_SET


def current_set() -> CodeSet:
    """Return what there is of the site's set."""
    return CodeSet(*db.session.execute(_CURRENT_SET).one())


def due_for(user: AnyUser) -> bool:
    """Return True if this user may make a new set, and the site has none that is complete."""
    return may(user.role, Permission.BREAK_GLASS) and not current_set().complete


def make_set(*, actor: Actor, now: datetime) -> tuple[str, ...]:
    """Return two new codes, to be printed. They end the set before, and every administrator gets an email.

    Raises NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.BREAK_GLASS)
    codes = [written_codes.new_code(RANDOM_BYTES) for _ in range(IN_A_SET)]
    ended = rows_changed(delete(BreakGlassCode)) > 0
    db.session.add_all(BreakGlassCode(digest=digest(code), created_at=now) for code in codes)
    record(Event.BREAK_GLASS_MADE, actor=actor, ended_a_set=ended)
    for administrator in administrators.enabled():
        outbox.notify(Mail.BREAK_GLASS_MADE, administrator, actor=actor, now=now, by=actor.name)
    return tuple(map(written_codes.shown, codes))


def read(typed: str) -> str:
    """Return the 24 characters of a code, in any case and with any separators. Raises NotABreakGlassCode."""
    code = written_codes.read(typed, CHARACTERS)
    if code is None:
        raise NotABreakGlassCode
    return code


def find(code: str) -> str:
    """Return the id of a code that is left. Raises WrongBreakGlassCode, UsedBreakGlassCode."""
    statement = select(BreakGlassCode.id, BreakGlassCode.used_at).where(BreakGlassCode.digest == digest(code))
    row = db.session.execute(statement).one_or_none()
    if row is None:
        raise WrongBreakGlassCode
    if row.used_at is not None:
        raise UsedBreakGlassCode
    return str(row.id)


def burn(code_id: str, *, now: datetime) -> None:
    """Accept a code, and never again. Raises UsedBreakGlassCode if it was used or replaced meanwhile."""
    unused = BreakGlassCode.id == code_id, BreakGlassCode.used_at.is_(None)
    if rows_changed(update(BreakGlassCode).where(*unused).values(used_at=now)) != 1:
        raise UsedBreakGlassCode
