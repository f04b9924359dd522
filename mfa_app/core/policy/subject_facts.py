"""The user of a request with everything that the policy needs, read by one SELECT that is built once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, bindparam, exists, select, true

from mfa_app.core.common import email_addresses
from mfa_app.core.policy import asked_proof
from mfa_app.core.policy.decision import PolicyFacts, Rule
from mfa_app.models import Authenticator, Group, Membership, Passkey, SitePolicy, User
from mfa_app.models.database import execute, table_of
from mfa_app.models.row_facts import AnyUser, AuthenticatorFacts, UserFacts, columns_of

App = TypeVar("App", Authenticator, AuthenticatorFacts)


@dataclass(frozen=True)
class SubjectFacts:
    """A user with authenticators, the oldest first; whether passkeys too; names of groups; policy facts."""

    user: UserFacts
    authenticators: tuple[AuthenticatorFacts, ...]
    passkeys: bool
    groups: tuple[str, ...]
    facts: PolicyFacts


def policy_facts(user: AnyUser, *, apps: bool, passkeys: bool, rules: Iterable[Rule]) -> PolicyFacts:
    """Return the facts of a user with these factors whom these rules of groups and of everyone apply to."""
    linked = apps or passkeys
    return PolicyFacts(
        linked=linked,
        opted_in=linked and user.opted_in,
        required=user.required,
        exempt_until=user.exempt_until,
        link_by=user.link_by,
        rules=tuple(rules),
        privileged=user.is_privileged,
        link_required=user.link_required,
        link_proof=asked_proof.of_user(user),
        passkey=passkeys,
    )


def oldest_first(apps: Iterable[App]) -> tuple[App, ...]:
    """Return a user's apps in the order in which they were linked."""
    return tuple(sorted(apps, key=lambda app: (app.enrolled_at, app.id)))


def rule_columns(model: type[Group | SitePolicy]) -> tuple[ColumnElement[Any], ...]:
    """Return the columns of a rule, in the order of the fields of `Rule` that follow `group`."""
    table = table_of(model).c
    since = table_of(Membership).c.joined_at if model is Group else table_of(User).c.created_at
    return (
        table.required,
        table.required_from,
        table.grace_days,
        table.remember_days,
        since,
        table.required_since,
        table.passkey_only,
        table.passkey_alone,
    )


_HAS_PASSKEY = exists().where(table_of(Passkey).c.user_id == table_of(User).c.id)

_PARTS = (
    columns_of(UserFacts, User),
    (_HAS_PASSKEY,),
    columns_of(AuthenticatorFacts, Authenticator),
    rule_columns(SitePolicy),
    (table_of(Group).c.name, *rule_columns(Group)),
)

_ENDS = [sum(map(len, _PARTS[:count])) for count in range(1, len(_PARTS) + 1)]

_USER, _PASSKEYS, _AUTHENTICATOR, _SITE, _GROUP = map(slice, [0, *_ENDS], _ENDS)

END = _ENDS[-1]  # where the columns begin that `select_subject` was given beside its own


USER_ID = table_of(User).c.id


def select_subject(*more: ColumnElement[Any]) -> Select[Any]:
    """Return a SELECT for `subject_of`: a row per group and app of a user, with these columns at its end."""
    users, memberships = table_of(User), table_of(Membership)
    authenticators, groups = table_of(Authenticator), table_of(Group)
    return (
        select(*(column for part in _PARTS for column in part), *more)
        .select_from(users)
        .outerjoin(authenticators, authenticators.c.user_id == users.c.id)
        .join(table_of(SitePolicy), true())
        .outerjoin(memberships, memberships.c.user_id == users.c.id)
        .outerjoin(groups, groups.c.id == memberships.c.group_id)
    )


_BY_EMAIL = select_subject().where(table_of(User).c.email_key == bindparam("key"))

_BY_ID = select_subject().where(table_of(User).c.id == bindparam("user_id"))


_OF_USER = select(
    *(exists().where(table_of(model).c.user_id == bindparam("user_id")) for model in (Authenticator, Passkey))
)


def has_factor(user: AnyUser) -> bool:
    """Return True if this user has an app or a passkey by now."""
    return any(execute(_OF_USER, user_id=user.id).one())


def find_by_email(key: str) -> SubjectFacts | None:
    """Return the user with this comparable email address, or None."""
    return subject_of(execute(_BY_EMAIL, key=key).all())


def find_by_id(user_id: int) -> SubjectFacts | None:
    """Return the user of this number, or None."""
    return subject_of(execute(_BY_ID, user_id=user_id).all())


def subject_of(rows: Sequence[Row[Any]]) -> SubjectFacts | None:
    """Combine the rows of one user, with the groups by name. Return None if there are no rows."""
    if not rows:
        return None
    first = rows[0]
    user = UserFacts(*first[_USER])
    apps = {row[_AUTHENTICATOR][0]: row[_AUTHENTICATOR] for row in rows if row[_AUTHENTICATOR][0]}
    authenticators = oldest_first(AuthenticatorFacts(*app) for app in apps.values())
    of_groups = list({row[_GROUP][0]: row[_GROUP] for row in rows if row[_GROUP][0] is not None}.values())
    of_groups.sort(key=lambda group: email_addresses.fold(group[0]))
    rules = [*(Rule(*group) for group in of_groups), Rule(None, *first[_SITE])]
    (passkeys,) = first[_PASSKEYS]
    facts = policy_facts(user, apps=bool(authenticators), passkeys=passkeys, rules=rules)
    return SubjectFacts(user, authenticators, passkeys, tuple(group[0] for group in of_groups), facts)
