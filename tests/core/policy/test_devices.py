"""Which remembered devices ask again is what the decision says about each of them, before and after."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import select

from mfa_app.core.groups import groups
from mfa_app.core.policy import affected
from mfa_app.core.policy.affected import Whom
from mfa_app.core.policy.decision import PolicyFacts, Verdict, decide
from mfa_app.core.policy.devices import Devices
from mfa_app.core.policy.facts import PolicySubject, site_policy, with_rule
from mfa_app.core.policy.impact import Impact, Step, preview_impact
from mfa_app.core.policy.levels import Level
from mfa_app.core.policy.rules import RuleValues
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Group, Membership, RememberedDevice, Role, User
from mfa_app.models.column_types import new_id
from mfa_app.wording.impact import impact_sentences
from tests.support.databases import both_databases
from tests.support.passkey_rows import passkey_of
from tests.support.policy_company import under_rule
from tests.support.world import TERMINAL, World

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)

OTHERS = {
    "Sales": RuleValues(required=True, remember_days=10),
    "IT": RuleValues(required=True, required_from=NOW + 6 * DAY, remember_days=3),
    "Vault": RuleValues(required=True, required_from=NOW - DAY, passkey_only=True),
}
PRESENT = [
    RuleValues(required=False),
    RuleValues(required=True),
    RuleValues(required=True, required_from=NOW - 12 * DAY, remember_days=20),
]
CHANGES = [
    RuleValues(required=True, remember_days=7),
    RuleValues(required=True, remember_days=0),
    RuleValues(required=True, passkey_only=True),
    RuleValues(required=True, required_from=NOW + 9 * DAY),
    RuleValues(required=True, required_from=NOW + 9 * DAY, passkey_only=True),
]


def add_company(world: World) -> None:
    """Add a person with two devices for each way in which groups, overrides and dates come together."""
    with world.data():
        for name, values in {"Finance": PRESENT[0], **OTHERS}.items():
            groups.create(name, actor=TERMINAL, now=NOW)
            set_rule(world.group_row(name), values, NOW - 15 * DAY)
        memberships = ((), ("Sales",), ("IT",), ("Vault",), ("IT", "Sales"))
        kinds = ("plain", "opted_in", "required", "exempt", "passkey", "unlinked", "disabled", "admin")
        for number, (joined, names, kind) in enumerate(product((None, 25, 5), memberships, kinds)):
            since = None if joined is None else NOW - joined * DAY
            _add(world, number, kind, since, names if number % 4 else (*names, "Finance"))


def _add(world: World, number: int, kind: str, since: datetime | None, names: tuple[str, ...]) -> None:
    email = f"person{number:03}@example.com"
    user = User(email=email, email_key=email, name=email, name_key=email, created_at=since or NOW - 40 * DAY)
    user.role = Role.ADMIN if kind == "admin" else Role.STAFF
    user.opted_in, user.required = kind == "opted_in", kind == "required"
    user.exempt_until = NOW + 3 * DAY if kind == "exempt" else None
    user.disabled_at = NOW if kind == "disabled" else None
    db.session.add(user)
    db.session.flush()
    if kind == "passkey":
        db.session.add(passkey_of(user.id, NOW))
    elif kind != "unlinked":
        db.session.add(Authenticator(user_id=user.id, sealed_secret="sealed", last_step=0, enrolled_at=NOW))
    for name in names:
        db.session.add(Membership(user_id=user.id, group_id=world.group_row(name).id, joined_at=since))
    ages = number % 30, number % 13 + 1, 1, 30
    for age, left, stamp in zip(ages, (30, 7 + number % 4, 30, 0), (0, 0, 1, 0), strict=True):
        device = RememberedDevice(user_id=user.id, security_stamp=stamp, last_used_at=NOW, digest=new_id())
        device.ip_address = device.user_agent = ""
        device.created_at, device.expires_at = NOW - age * DAY, NOW + left * DAY
        db.session.add(device)


def set_rule(scope: Group | None, values: RuleValues, since: datetime) -> None:
    row = scope or site_policy()
    for column, value in vars(values).items():
        setattr(row, column, value)
    row.required_since = since if values.required else None
    db.session.flush()


def saves_code(facts: PolicyFacts, device: RememberedDevice, at: datetime) -> bool | None:
    """Return whether a device saves a code at a time; None if none is asked for anyway."""
    if not facts.linked or decide(facts, shown=Level.PASSWORD, now=at).verdict is Verdict.ALLOW:
        return None
    trusted = decide(facts, shown=Level.PASSWORD, trusted_since=device.created_at, now=at)
    return trusted.verdict is Verdict.ALLOW


def with_devices(scope: Group | None) -> list[tuple[PolicySubject, list[RememberedDevice]]]:
    """Return who is under a rule, each with the devices that are remembered."""
    current = select(RememberedDevice).filter_by(security_stamp=0).where(RememberedDevice.expires_at > NOW)
    devices = db.session.scalars(current).all()
    return [
        (person, [one for one in devices if one.user_id == person.user.id]) for person in under_rule(scope)
    ]


def held_against_the_decision(
    scope: Group | None,
    present: RuleValues,
    values: RuleValues,
    under: list[tuple[PolicySubject, list[RememberedDevice]]],
) -> int:
    """Hold what a preview says of devices against the decision; return how many devices ask again."""
    at, name = max(NOW, values.required_from or NOW), scope.name if scope else None
    switched_on = values.in_force(NOW) and not present.in_force(NOW)
    since = NOW if switched_on else (scope or site_policy()).required_since
    remembered, asked_again = 0, []
    for person, devices in under:
        after = with_rule(person.facts, name, **vars(values), enabled_since=since)
        for device in devices:
            remembered += saves_code(person.facts, device, NOW) is True
            lost = saves_code(person.facts, device, at) is True and saves_code(after, device, at) is False
            asked_again += [person.user.email] if lost and device.expires_at > at else []
    counted = preview_impact(scope, values, now=NOW).devices
    assert counted is not None
    assert (counted.at, counted.remembered, counted.asked_again) == (at, remembered, len(asked_again))
    assert counted.people == len(set(asked_again))
    named = affected.all_of(scope, values, Whom.DEVICES, now=NOW)
    assert [one.subject.user.email for one in named] == sorted(set(asked_again))
    return len(asked_again)


@both_databases
@pytest.mark.parametrize("name", ["Finance", None])
def test_each_device_is_counted_as_the_decision_treats_it(world: World, name: str | None) -> None:
    world.after(add_company)
    with world.data():
        scope = world.group_row(name) if name else None
        site_policy().remember_days = 12
        for present in PRESENT:
            set_rule(scope, present, NOW - 20 * DAY)
            db.session.expire_all()
            under = with_devices(scope)
            asked = [held_against_the_decision(scope, present, values, under) for values in CHANGES]
            assert any(asked)


def test_a_rule_that_keeps_the_days_counts_no_devices(world: World) -> None:
    world.after(add_company)
    with world.data():
        scope, present = world.group_row("Finance"), PRESENT[1]
        set_rule(scope, present, NOW - 20 * DAY)
        for values in (present, replace(present, remember_days=60), replace(present, required=False)):
            assert preview_impact(scope, values, now=NOW).devices is None
            assert list(affected.all_of(scope, values, Whom.DEVICES, now=NOW)) == []


@pytest.mark.parametrize(
    ("remembered", "asked_again", "days", "sentence"),
    [
        (1, 0, 0, "Today 1 device is remembered; it is not asked again."),
        (12, 0, 9, "Today 12 devices are remembered; none of them is asked again."),
        (12, 1, 0, "Today 12 devices are remembered; 1 of them is asked again."),
        (12, 5, 0, "Today 12 devices are remembered; 5 of them are asked again."),
        (12, 12, 0, "Today 12 devices are remembered; all of them are asked again."),
        (1, 1, 7, "Today 1 device is remembered; from Monday 9 March 2026 on, it is asked again."),
    ],
)
def test_a_sentence_says_how_many_ask_again_and_from_when(
    world: World, remembered: int, asked_again: int, days: int, sentence: str
) -> None:
    today = Step(NOW, 1, 0)
    counted = Devices(NOW + days * DAY, remembered, asked_again, asked_again)
    impact = Impact(1, 0, 0, 0, (), (), today, (today,), devices=counted)
    with world.data():
        assert list(impact_sentences(impact, PRESENT[1], CHANGES[0]))[-1] == sentence
