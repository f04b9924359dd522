"""The last administrator: the lock and the check that keep at least one administrator able to log in."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from mfa_app.core.common.errors import LastAdministrator
from mfa_app.core.policy.decision import PolicyFacts, will_be_required
from mfa_app.core.policy.facts import PolicySubject, find_subjects
from mfa_app.extensions import db
from mfa_app.models import Role, User


def administrator_exists() -> bool:
    """Return True if there is an administrator, even a disabled one."""
    return db.session.scalar(select(User.id).where(User.role == Role.ADMIN).limit(1)) is not None


def require_one(
    *,
    without: User | None = None,
    proposed: Callable[[PolicyFacts], PolicyFacts] | None = None,
    now: datetime,
) -> None:
    """Raise LastAdministrator if a change would leave no administrator who can log in.

    An administrator counts if the account is enabled and has a working authenticator or won't need one.
    `without` is the user that the change removes. `proposed` maps everybody's facts to those after the
    change.
    """
    present = find_subjects(User.role == Role.ADMIN, User.disabled_at.is_(None))
    left = [subject for subject in present if without is None or subject.user.id != without.id]
    able_now = any(_gets_in(subject, subject.facts, now) for subject in present)
    able_then = any(
        _gets_in(subject, proposed(subject.facts) if proposed else subject.facts, now) for subject in left
    )
    if able_now and not able_then:
        raise LastAdministrator


def _gets_in(subject: PolicySubject, facts: PolicyFacts, now: datetime) -> bool:
    works = subject.authenticator is not None and subject.authenticator.locked_at is None
    return works or not will_be_required(facts, now=now)
