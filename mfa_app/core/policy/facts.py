"""A user with everything that the policy needs to know, loaded by one SELECT."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, select, true

from mfa_app.core.common import email_addresses
from mfa_app.core.policy.decision import PolicyFacts, Rule
from mfa_app.core.policy.subject_facts import oldest_first, policy_facts
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Group, Membership, Passkey, SitePolicy, User
from mfa_app.models.database import IDS


@dataclass(frozen=True)
class PolicySubject:
    """A user with authenticators, the oldest first, whether passkeys too, groups and policy facts."""

    user: User
    authenticators: tuple[Authenticator, ...]
    passkeys: bool
    groups: tuple[Group, ...]
    facts: PolicyFacts


def select_with_policy(*more: Any) -> Select[Any]:
    """Return a SELECT with a row per group and app of each user. `group_by_user` combines the rows."""
    has_passkey = exists().where(Passkey.user_id == User.id)
    return (
        select(User, has_passkey.label("passkeys"), Authenticator, SitePolicy, Membership, Group, *more)
        .select_from(User)
        .outerjoin(Authenticator, Authenticator.user_id == User.id)
        .join(SitePolicy, true())
        .outerjoin(Membership, Membership.user_id == User.id)
        .outerjoin(Group, Group.id == Membership.group_id)
        .execution_options(populate_existing=True)
    )


def group_by_user(rows: Iterable[Row[Any]]) -> list[PolicySubject]:
    """Combine the rows of `select_with_policy` into one entry per user, in the order of their first row."""
    of_user: dict[int, list[Row[Any]]] = {}
    for row in rows:
        of_user.setdefault(row.User.id, []).append(row)
    return [_subject(rows) for rows in of_user.values()]


_BY_EMAIL = select_with_policy().order_by(User.email_key, Group.name_key)
_OF_IDS = _BY_EMAIL.where(User.id.in_(IDS))


def find_subjects(*where: ColumnElement[bool]) -> list[PolicySubject]:
    """Return the users that match these conditions, by email address."""
    return group_by_user(db.session.execute(_BY_EMAIL.where(*where)))


def find_subjects_by_id(ids: Collection[int]) -> list[PolicySubject]:
    """Return the users with these ids, by email address."""
    return group_by_user(db.session.execute(_OF_IDS, {"ids": list(ids)})) if ids else []


def find_subject(user_id: int, *where: ColumnElement[bool]) -> PolicySubject | None:
    """Return one user, or None if there is none who matches these conditions."""
    of_user = _OF_IDS.where(*where) if where else _OF_IDS
    return next(iter(group_by_user(db.session.execute(of_user, {"ids": [user_id]}))), None)


def find_subject_by_email(email: str, *where: ColumnElement[bool]) -> PolicySubject | None:
    """Return the same by an email address, in any spelling."""
    return next(iter(find_subjects(User.email_key == email_addresses.key_of(email), *where)), None)


def site_policy() -> SitePolicy:
    """Return the rule for everyone."""
    return db.session.get_one(SitePolicy, 1)


def with_rule(facts: PolicyFacts, group: str | None, **changes: Any) -> PolicyFacts:
    """Return the facts as they would be after this change to a group's rule, or to everyone's (None)."""
    rules = tuple(replace(rule, **changes) if rule.group == group else rule for rule in facts.rules)
    return replace(facts, rules=rules)


def with_overrides(subject: PolicySubject, *, required: bool, exempt_until: datetime | None) -> PolicySubject:
    """Return a user as they would be with this personal requirement and exemption instead of their own."""
    return replace(subject, facts=replace(subject.facts, required=required, exempt_until=exempt_until))


def _subject(rows: list[Row[Any]]) -> PolicySubject:
    user, site = rows[0].User, rows[0].SitePolicy
    apps = {row.Authenticator.id: row.Authenticator for row in rows if row.Authenticator is not None}
    authenticators = oldest_first(apps.values())
    memberships = {row.Group.id: (row.Membership, row.Group) for row in rows if row.Group is not None}
    rules = [rule_of(group, membership.joined_at) for membership, group in memberships.values()]
    rules.append(rule_of(site, user.created_at))
    passkeys, groups = rows[0].passkeys, tuple(group for _, group in memberships.values())
    facts = policy_facts(user, apps=bool(authenticators), passkeys=passkeys, rules=rules)
    return PolicySubject(user, authenticators, passkeys, groups, facts)


def rule_of(row: Group | SitePolicy, since: datetime | None) -> Rule:
    """Return the rule of a group, or of everyone, as it applies to somebody under it since this time."""
    return Rule(
        group=row.name if isinstance(row, Group) else None,
        required=row.required,
        required_from=row.required_from,
        grace_days=row.grace_days,
        remember_days=row.remember_days,
        member_since=since,
        enabled_since=row.required_since,
        passkey_only=row.passkey_only,
        passkey_alone=row.passkey_alone,
    )
