"""The last administrator: the lock and the check that keep at least one administrator able to log in."""

from datetime import datetime

from sqlalchemy import select

from mfa_app.core.common.errors import LastAdministrator
from mfa_app.core.policy.facts import PolicySubject, find_subjects
from mfa_app.extensions import db
from mfa_app.models import LinkProof, Role, User

ANY = select(User.id).where(User.role == Role.ADMIN).limit(1)


def administrator_exists() -> bool:
    """Return True if there is an administrator, even a disabled one."""
    return db.session.scalar(ANY) is not None


def require_one(*, without: User, now: datetime) -> None:
    """Raise LastAdministrator if removing this user would leave no administrator who can log in.

    Call `begin_change` first. An administrator counts if the account is enabled and has a password, if too
    many wrong codes haven't locked it, and if it has an app or a passkey, or may set one up without anyone's
    help: with a code that is emailed, too. Rules don't matter: administrators always need a second factor.
    If only one of them has no last day, that one has to stay: the others will be gone.
    """
    able = [subject.user for subject in find_subjects(User.role == Role.ADMIN) if _can_log_in(subject, now)]
    staying = [user for user in able if user.ends_at is None]
    if [without] in (able, staying):
        raise LastAdministrator


def _can_log_in(subject: PolicySubject, now: datetime) -> bool:
    user = subject.user
    if not user.is_open(now) or user.password_hash is None or user.factors_locked_at is not None:
        return False
    if subject.facts.linked:
        return True
    return user.link_required and subject.facts.link_proof != LinkProof.ACCESS_PASS
