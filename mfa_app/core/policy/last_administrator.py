"""There must always be an administrator who can get in: the lock and the check that see to it."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from mfa_app.core.common.errors import LastAdministrator
from mfa_app.core.policy.decision import PolicyFacts, will_be_required
from mfa_app.core.policy.facts import PolicySubject, find_subjects
from mfa_app.extensions import db
from mfa_app.models import Role, User


def administrator_exists() -> bool:
    """Say whether there is an administrator, disabled ones included."""
    return db.session.scalar(select(User.id).where(User.role == Role.ADMIN).limit(1)) is not None


def require_one(
    *,
    without: User | None = None,
    proposed: Callable[[PolicyFacts], PolicyFacts] | None = None,
    now: datetime,
) -> None:
    """Raise LastAdministrator if a change would leave nobody who can get in and administer.

    That is somebody enabled who has a working app, or will not need one. `without` is the person whom the
    change takes out; `proposed` tells how it would alter everybody's facts.
    """
    present = find_subjects(User.role == Role.ADMIN, User.disabled_at.is_(None))
    left = [person for person in present if without is None or person.user.id != without.id]
    able_now = any(_gets_in(person, person.facts, now) for person in present)
    able_then = any(
        _gets_in(person, proposed(person.facts) if proposed else person.facts, now) for person in left
    )
    if able_now and not able_then:
        raise LastAdministrator


def _gets_in(person: PolicySubject, facts: PolicyFacts, now: datetime) -> bool:
    works = person.authenticator is not None and person.authenticator.locked_at is None
    return works or not will_be_required(facts, now=now)
