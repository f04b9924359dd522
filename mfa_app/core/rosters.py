"""Groups as lists show them: each with the number of its members, and of those who have an app linked."""

from dataclasses import dataclass

from sqlalchemy import Select, func, select

from mfa_app.extensions import db
from mfa_app.models import Authenticator, Group, Membership


@dataclass(frozen=True)
class Roster:
    """A group with its counts; disabled accounts are counted too."""

    group: Group
    members: int
    linked: int


def everything() -> list[Roster]:
    """Return all groups with their counts, by name; one SELECT."""
    return [Roster(*row) for row in db.session.execute(_counted().order_by(Group.name_key))]


def find(group_id: int) -> Roster | None:
    """Return one group with its counts, or None."""
    row = db.session.execute(_counted().where(Group.id == group_id)).first()
    return Roster(*row) if row else None


def _counted() -> Select:
    return (
        select(Group, func.count(Membership.user_id), func.count(Authenticator.id))
        .outerjoin(Membership, Membership.group_id == Group.id)
        .outerjoin(Authenticator, Authenticator.user_id == Membership.user_id)
        .group_by(Group.id)
    )
