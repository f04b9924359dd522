"""A person with all that the policy needs to know, gathered by one SELECT."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select, true

from mfa_app.core.policy import Facts, Rule
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Group, Membership, SitePolicy, User


@dataclass(frozen=True)
class Person:
    """A user with the linked authenticator, the groups, and the facts that the policy asks for."""

    user: User
    authenticator: Authenticator | None
    groups: tuple[Group, ...]
    facts: Facts


def person_columns(*more: Any) -> Select:
    """Return a SELECT with one row for each group of each person; `gather` puts the rows together."""
    return (
        select(User, Authenticator, SitePolicy, Membership, Group, *more)
        .select_from(User)
        .outerjoin(Authenticator, Authenticator.user_id == User.id)
        .join(SitePolicy, true())
        .outerjoin(Membership, Membership.user_id == User.id)
        .outerjoin(Group, Group.id == Membership.group_id)
        .execution_options(populate_existing=True)
    )


def gather(rows: Iterable[Row]) -> list[Person]:
    """Turn the rows of `person_columns` into people, each once, in the order of their first row."""
    of_user: dict[int, list[Row]] = {}
    for row in rows:
        of_user.setdefault(row.User.id, []).append(row)
    return [_person(rows) for rows in of_user.values()]


def find_people(*where: ColumnElement[bool]) -> list[Person]:
    """Return the people to whom these conditions apply, by address."""
    return gather(db.session.execute(person_columns().where(*where).order_by(User.email_key, Group.name_key)))


def find_person(user_id: int) -> Person | None:
    """Return one person, or None."""
    return next(iter(find_people(User.id == user_id)), None)


def site_policy() -> SitePolicy:
    """Return the rule for everyone."""
    return db.session.get_one(SitePolicy, 1)


def with_rule(facts: Facts, group: str | None, **changes: Any) -> Facts:
    """Return the facts as they would be if a group's rule (or everyone's: None) were changed like this."""
    rules = tuple(replace(rule, **changes) if rule.group == group else rule for rule in facts.rules)
    return replace(facts, rules=rules)


def _person(rows: list[Row]) -> Person:
    user, authenticator, site = rows[0].User, rows[0].Authenticator, rows[0].SitePolicy
    memberships = [(row.Membership, row.Group) for row in rows if row.Group is not None]
    rules = [_rule(group.name, group, membership.joined_at) for membership, group in memberships]
    rules.append(_rule(None, site, user.created_at))
    facts = Facts(
        linked=authenticator is not None,
        by_choice=authenticator is not None and authenticator.by_choice,
        required=user.required,
        exempt_until=user.exempt_until,
        rules=tuple(rules),
    )
    return Person(user, authenticator, tuple(group for _, group in memberships), facts)


def _rule(name: str | None, row: Group | SitePolicy, since: Any) -> Rule:
    return Rule(
        group=name,
        required=row.required,
        required_from=row.required_from,
        grace_days=row.grace_days,
        remember_days=row.remember_days,
        since=since,
        on_since=row.required_since,
    )
