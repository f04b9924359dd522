"""Whom a rule affects, counted before it is saved."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from mfa_app.extensions import db
from mfa_app.models import Authenticator, Group, Membership, Role, SitePolicy, User

MAX_ADMINISTRATORS_NAMED = 20


@dataclass(frozen=True)
class Impact:
    """Who a rule affects: users, users without an authenticator, and administrators (email, enrolled)."""

    people: int
    not_linked: int
    administrators: tuple[tuple[str, bool], ...]


def preview_impact(scope: Group | None, *, now: datetime) -> Impact:
    """Count the users a required rule of a group, or of everyone, would affect. Two SELECTs at any size."""
    under = [User.disabled_at.is_(None), ~_is_exempt(now)]
    if scope is not None:
        members = select(Membership.user_id).where(Membership.group_id == scope.id)
        under.append(User.id.in_(members))
    counted, linked = _count(under)
    named = (
        select(User.email, Authenticator.id)
        .outerjoin(Authenticator, Authenticator.user_id == User.id)
        .where(User.role == Role.ADMIN, *under)
        .order_by(User.email_key)
        .limit(MAX_ADMINISTRATORS_NAMED)
    )
    administrators_ = tuple((email, link is not None) for email, link in db.session.execute(named))
    return Impact(counted, counted - linked, administrators_)


def _count(under: list[ColumnElement[bool]]) -> tuple[int, int]:
    counts = (
        select(func.count(User.id), func.count(Authenticator.id))
        .outerjoin(Authenticator, Authenticator.user_id == User.id)
        .where(*under)
    )
    users, enrolled = db.session.execute(counts).one()
    return users, enrolled


def required_of_user(now: datetime) -> ColumnElement[bool]:
    """Return `policy.will_be_required` as an SQL condition on a User row."""
    everyone = exists().where(SitePolicy.required)
    group = exists().where(Membership.user_id == User.id, Group.id == Membership.group_id, Group.required)
    return and_(~_is_exempt(now), or_(User.required, everyone, group))


def _is_exempt(now: datetime) -> ColumnElement[bool]:
    return and_(User.exempt_until.is_not(None), User.exempt_until > now)
