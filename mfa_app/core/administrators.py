"""There must always be an administrator who can get in: the lock and the check that see to it."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select, update

from mfa_app.core import people, policy
from mfa_app.core.errors import LastAdministrator
from mfa_app.core.people import Person
from mfa_app.core.policy import Facts
from mfa_app.extensions import db
from mfa_app.models import Role, SitePolicy, User


def exists() -> bool:
    """Say whether there is an administrator, disabled ones included."""
    return db.session.scalar(select(User.id).where(User.role == Role.ADMIN).limit(1)) is not None


def one_change_at_a_time() -> None:
    """Let changes to accounts and rules run one after the other: their checks hold until the commit."""
    db.session.execute(update(SitePolicy).values(revision=SitePolicy.revision + 1))


def require_one(
    *, without: User | None = None, proposed: Callable[[Facts], Facts] | None = None, now: datetime
) -> None:
    """Raise LastAdministrator if a change would leave nobody who can get in and administer.

    That is somebody enabled who has a working app, or will not need one. `without` is the person whom the
    change takes out; `proposed` tells how it would alter everybody's facts.
    """
    present = people.find_people(User.role == Role.ADMIN, User.disabled_at.is_(None))
    left = [person for person in present if without is None or person.user.id != without.id]
    able_now = any(_gets_in(person, person.facts, now) for person in present)
    able_then = any(
        _gets_in(person, proposed(person.facts) if proposed else person.facts, now) for person in left
    )
    if able_now and not able_then:
        raise LastAdministrator


def _gets_in(person: Person, facts: Facts, now: datetime) -> bool:
    works = person.authenticator is not None and person.authenticator.stopped_at is None
    return works or not policy.will_be_required(facts, now=now)
