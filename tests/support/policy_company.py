"""A company that has a person for each way in which apps, overrides, dates and groups come together."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import product

from mfa_app.core.groups import groups
from mfa_app.core.policy.facts import PolicySubject, find_subjects, site_policy
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Group, Membership, Role, User
from tests.support.passkey_rows import passkey_of
from tests.support.world import TERMINAL, World

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def add_company(world: World) -> None:
    """Add a person for each way in which apps, overrides, dates and groups come together."""
    rules_of = {
        "Finance": RuleValues(required=False),
        "Sales": RuleValues(required=True, grace_days=3),
        "IT": RuleValues(required=True, required_from=NOW + 6 * DAY, grace_days=1),
        "Idle": RuleValues(required=False, grace_days=3, passkey_only=True),
        "Vault": RuleValues(required=True, grace_days=5, passkey_only=True),
    }
    with world.data():
        for name in rules_of:
            groups.create(name, actor=TERMINAL, now=NOW)
        for name, values in rules_of.items():
            for column, value in asdict(values).items():
                setattr(world.group_row(name), column, value)
        factors = ("none", "app", "app chosen", "passkey", "app passkey")
        joined = (None, NOW - 30 * DAY, NOW - 2 * DAY, NOW)
        others = ((), ("Sales",), ("IT", "Sales"), ("IT", "Idle"), ("Vault",), ("Sales", "Vault"))
        for number, (held, since, more) in enumerate(product(factors, joined, others)):
            _add(world, number, held.split(), since, more)


def _add(world: World, number: int, held: list[str], since: datetime | None, more: tuple[str, ...]) -> None:
    exemptions = (None, None, NOW - DAY, NOW + 3 * DAY, NOW + 300 * DAY)
    deadlines = (None, None, None, NOW - DAY, None, NOW + 5 * DAY, None, NOW + 45 * DAY)
    email = f"person{number:03}@example.com"
    user = User(
        email=email,
        email_key=email,
        name=email,
        name_key=email,
        created_at=since or NOW - 9 * DAY,
        required=number % 7 == 3,
        exempt_until=exemptions[number % 5],
        link_by=deadlines[number % 8],
        disabled_at=NOW if number % 11 == 10 else None,
        role=Role.HELPDESK if number % 9 == 4 else Role.STAFF,
        link_required=held == ["none"] and number % 6 == 1,
        opted_in="chosen" in held,
    )
    db.session.add(user)
    db.session.flush()
    if "app" in held:
        app = Authenticator(user_id=user.id, sealed_secret="sealed", last_step=0, enrolled_at=NOW)
        db.session.add(app)
    if "passkey" in held:
        db.session.add(passkey_of(user.id, NOW))
    members = (*more, "Finance") if number % 4 else more
    for name in members:
        db.session.add(Membership(user_id=user.id, group_id=world.group_row(name).id, joined_at=since))


def under_rule(scope: Group | None) -> list[PolicySubject]:
    """Return who is under the rule of a group, or under everyone's (None)."""
    everybody = find_subjects(User.disabled_at.is_(None))
    return [person for person in everybody if scope is None or scope in person.groups]


def set_values(scope: Group | None, values: RuleValues) -> None:
    for column, value in asdict(values).items():
        setattr(scope or site_policy(), column, value)
    db.session.flush()
