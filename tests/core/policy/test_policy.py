"""The decision, as a table: who faces which gate, and because of what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mfa_app.core.policy.decision import (
    Decision,
    PasskeyDemand,
    PolicyFacts,
    PolicySource,
    Reason,
    Rule,
    SetUpBy,
    Verdict,
    decide,
    effective_policy,
    is_asked,
    needs_passkey,
    passkey_alone,
    set_up_by,
    will_be_required,
)
from mfa_app.core.policy.levels import Level, level_of
from mfa_app.models import LinkProof

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LONG_AGO, YESTERDAY, TOMORROW = NOW - 400 * DAY, NOW - DAY, NOW + DAY


def rule(group: str | None, required: bool = True, **changes: object) -> Rule:
    values = {
        "required_from": None,
        "grace_days": 0,
        "remember_days": 30,
        "member_since": LONG_AGO,
        **changes,
    }
    return Rule(group, required, **values)


EVERYONE_FREE = rule(None, required=False)


def facts(*rules: Rule, **changes: object) -> PolicyFacts:
    values = {"linked": False, "opted_in": False, "required": False, "exempt_until": None, **changes}
    return PolicyFacts(rules=(*rules, EVERYONE_FREE), **values)


def verdict(known: PolicyFacts, *, shown: Level = Level.PASSWORD, device: bool = False) -> Verdict:
    return decide(known, shown=shown, trusted_since=YESTERDAY if device else None, now=NOW).verdict


def because(known: PolicyFacts) -> PolicySource:
    return effective_policy(known, now=NOW).because


FINANCE = rule("Finance")
PASS = LinkProof.ACCESS_PASS

TABLE = [
    ("nobody asks", facts(), Verdict.ALLOW),
    ("a group asks, no app", facts(FINANCE), Verdict.ENROL),
    ("a group asks, linked", facts(FINANCE, linked=True), Verdict.CHALLENGE),
    ("everyone is asked, no app", PolicyFacts(False, False, False, None, (rule(None),)), Verdict.ENROL),
    ("everyone is asked, linked", PolicyFacts(True, False, False, None, (rule(None),)), Verdict.CHALLENGE),
    ("asked personally, no app", facts(required=True), Verdict.ENROL),
    ("asked personally, linked", facts(required=True, linked=True), Verdict.CHALLENGE),
    ("linked by choice, nobody asks", facts(linked=True, opted_in=True), Verdict.CHALLENGE),
    ("dormant: linked, nobody asks any more", facts(linked=True), Verdict.ALLOW),
    ("exempt from a group's rule", facts(FINANCE, exempt_until=TOMORROW), Verdict.ALLOW),
    ("exempt and linked", facts(FINANCE, linked=True, exempt_until=TOMORROW), Verdict.ALLOW),
    ("exempt and linked by choice", facts(linked=True, opted_in=True, exempt_until=TOMORROW), Verdict.ALLOW),
    ("the exemption has ended", facts(FINANCE, exempt_until=YESTERDAY), Verdict.ENROL),
    ("the exemption ends this moment", facts(FINANCE, exempt_until=NOW), Verdict.ENROL),
    ("the rule holds from tomorrow", facts(rule("Finance", required_from=TOMORROW)), Verdict.ALLOW),
    ("the rule holds from now", facts(rule("Finance", required_from=NOW)), Verdict.ENROL),
    ("the rule holds since yesterday", facts(rule("Finance", required_from=YESTERDAY)), Verdict.ENROL),
    (
        "a rule of tomorrow, linked",
        facts(rule("Finance", required_from=TOMORROW), linked=True),
        Verdict.ALLOW,
    ),
    ("within grace", facts(rule("Finance", grace_days=7, member_since=YESTERDAY)), Verdict.ALLOW),
    ("grace is over", facts(rule("Finance", grace_days=1, member_since=YESTERDAY)), Verdict.ENROL),
    (
        "grace without a start is no grace",
        facts(rule("Finance", grace_days=7, member_since=None)),
        Verdict.ENROL,
    ),
    (
        "grace is for linking, not for codes",
        facts(rule("Finance", grace_days=7, member_since=NOW), linked=True),
        Verdict.CHALLENGE,
    ),
    ("a switched-off rule has no grace to give", facts(rule("Finance", False, grace_days=7)), Verdict.ALLOW),
    (
        "grace of one group, none of another",
        facts(rule("A", grace_days=7, member_since=NOW), rule("B")),
        Verdict.ENROL,
    ),
    ("a deadline of their own", facts(FINANCE, link_by=TOMORROW), Verdict.ALLOW),
    ("their own deadline is over", facts(FINANCE, link_by=YESTERDAY), Verdict.ENROL),
    ("their own deadline is this moment", facts(FINANCE, link_by=NOW), Verdict.ENROL),
    ("asked personally, with a deadline", facts(required=True, link_by=TOMORROW), Verdict.ALLOW),
    ("a deadline, but nobody asks", facts(link_by=YESTERDAY), Verdict.ALLOW),
    (
        "a deadline is for linking, not for codes",
        facts(FINANCE, linked=True, link_by=TOMORROW),
        Verdict.CHALLENGE,
    ),
    ("a reset, with a deadline", facts(FINANCE, link_required=True, link_by=TOMORROW), Verdict.ENROL),
    (
        "administrators have no deadline",
        facts(FINANCE, privileged=True, link_by=TOMORROW),
        Verdict.AWAIT_LINK,
    ),
    ("reset, nobody asks", facts(link_required=True), Verdict.ENROL),
    ("reset, and a pass comes first", facts(link_required=True, link_proof=PASS), Verdict.AWAIT_LINK),
    (
        "reset, a pass comes first, exempt",
        facts(link_required=True, link_proof=PASS, exempt_until=TOMORROW),
        Verdict.ALLOW,
    ),
    (
        "reset as an administrator, and a pass comes first",
        facts(privileged=True, link_required=True, link_proof=PASS),
        Verdict.AWAIT_LINK,
    ),
    ("a pass from before a promotion", facts(privileged=True, link_proof=PASS), Verdict.AWAIT_LINK),
    ("nothing was reset", facts(FINANCE, link_proof=PASS), Verdict.ENROL),
    ("one group asks, another does not", facts(FINANCE, rule("Sales", False)), Verdict.ENROL),
]


@pytest.mark.parametrize(("known", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_with_the_password_alone(known: PolicyFacts, expected: Verdict) -> None:
    assert verdict(known) is expected


@pytest.mark.parametrize("known", [row[1] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_linked_person_is_never_sent_to_link(known: PolicyFacts) -> None:
    linked = PolicyFacts(True, known.opted_in, known.required, known.exempt_until, known.rules)
    for shown in Level:
        for device in (False, True):
            assert verdict(linked, shown=shown, device=device) is not Verdict.ENROL


LATER = NOW - timedelta(hours=1)  # after the device of `verdict` was made


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (facts(rule("A", enabled_since=YESTERDAY)), Verdict.ALLOW),
        (facts(rule("A", enabled_since=LATER)), Verdict.CHALLENGE),
        (facts(rule("A", member_since=LATER)), Verdict.CHALLENGE),
        (facts(rule("A", enabled_since=LONG_AGO, required_from=LATER)), Verdict.CHALLENGE),
        (facts(rule("A", enabled_since=LATER), rule("B", enabled_since=LONG_AGO)), Verdict.ALLOW),
        (facts(rule("A", enabled_since=LATER), rule("B", required_from=TOMORROW)), Verdict.CHALLENGE),
        (facts(rule("A", enabled_since=LATER), opted_in=True), Verdict.ALLOW),
        (facts(rule("A", enabled_since=LATER), required=True), Verdict.ALLOW),
    ],
)
def test_a_device_counts_if_a_code_has_been_asked_ever_since(known: PolicyFacts, expected: Verdict) -> None:
    assert verdict(replace(known, linked=True), device=True) is expected


@pytest.mark.parametrize("known", [row[1] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_linked_person_with_a_code_is_let_in(known: PolicyFacts) -> None:
    linked = PolicyFacts(True, known.opted_in, known.required, known.exempt_until, known.rules)
    assert verdict(linked, shown=Level.SECOND_FACTOR) is Verdict.ALLOW


@pytest.mark.parametrize("known", [row[1] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_code_or_a_device_never_spares_anybody_linking(known: PolicyFacts) -> None:
    if not known.linked:
        assert verdict(known, shown=Level.SECOND_FACTOR, device=True) is verdict(known)


def test_a_remembered_device_spares_the_code() -> None:
    assert verdict(facts(FINANCE, linked=True), device=True) is Verdict.ALLOW


def test_a_remembered_device_spares_nothing_where_the_policy_remembers_none() -> None:
    assert verdict(facts(rule("Finance", remember_days=0), linked=True), device=True) is Verdict.CHALLENGE


@pytest.mark.parametrize(("days", "spared"), [(30, True), (8, True), (7, False), (1, False)])
def test_a_rule_that_remembers_for_fewer_days_than_before_holds_at_once(days: int, spared: bool) -> None:
    known = facts(rule("Finance", remember_days=days), linked=True)
    decision = decide(known, shown=Level.PASSWORD, trusted_since=NOW - timedelta(days=7), now=NOW)
    assert (decision.verdict is Verdict.ALLOW) == spared


def test_the_shortest_remembering_of_the_rules_that_hold_wins() -> None:
    known = facts(rule("A", remember_days=14), rule("B", remember_days=7), rule("C", False, remember_days=1))
    assert effective_policy(known, now=NOW).remember_days == 7


def test_where_no_rule_holds_the_sites_remembering_counts() -> None:
    known = facts(rule("A", False, remember_days=1), linked=True, opted_in=True)
    assert decide(known, shown=Level.PASSWORD, now=NOW).remember_days == 30


def test_the_earliest_date_wins() -> None:
    known = facts(rule("A", required_from=NOW + timedelta(days=9)), rule("B", required_from=TOMORROW))
    policy = effective_policy(known, now=NOW)
    assert policy.enrol_by == TOMORROW
    assert policy.because == PolicySource(Reason.NOT_REQUIRED, "B", TOMORROW)


def test_the_earliest_end_of_grace_wins() -> None:
    known = facts(rule("A", grace_days=9, member_since=NOW), rule("B", grace_days=3, member_since=NOW))
    assert decide(known, shown=Level.PASSWORD, now=NOW) == Decision(
        Verdict.ALLOW, PolicySource(Reason.GROUP, "B"), NOW + timedelta(days=3), 30, Level.SECOND_FACTOR
    )


def test_a_rule_that_starts_before_anothers_grace_is_over_sets_the_date() -> None:
    known = facts(
        rule("A", grace_days=9, member_since=NOW), rule("B", required_from=TOMORROW, member_since=NOW)
    )
    decision = decide(known, shown=Level.PASSWORD, now=NOW)
    assert (decision.verdict, decision.enrol_by) == (Verdict.ALLOW, TOMORROW)
    assert decision.because == PolicySource(Reason.GROUP, "B")
    assert decide(known, shown=Level.PASSWORD, now=TOMORROW).verdict is Verdict.ENROL
    linked = decide(replace(known, linked=True), shown=Level.PASSWORD, now=NOW)
    assert (linked.verdict, linked.because) == (Verdict.CHALLENGE, PolicySource(Reason.GROUP, "A"))


def test_grace_for_a_new_member_never_ends_before_the_rule_begins() -> None:
    known = facts(rule("A", required_from=TOMORROW, grace_days=7, member_since=LONG_AGO))
    assert effective_policy(known, now=NOW).enrol_by == TOMORROW


@pytest.mark.parametrize(("own", "days"), [(None, 3), (1, 3), (8, 8)])
@pytest.mark.parametrize("begun", [True, False])
def test_a_deadline_of_ones_own_can_only_be_later_than_that_of_the_rule(
    own: int | None, days: int, begun: bool
) -> None:
    values = {"grace_days": 3, "member_since": NOW} if begun else {"required_from": NOW + 3 * DAY}
    known = facts(rule("A", **values), link_by=own and NOW + own * DAY)
    decision = decide(known, shown=Level.PASSWORD, now=NOW)
    assert (decision.verdict, decision.enrol_by) == (Verdict.ALLOW, NOW + days * DAY)
    assert decide(known, shown=Level.PASSWORD, now=NOW + days * DAY).verdict is Verdict.ENROL


def test_the_deadline_of_ones_own_holds_for_passkeys_too() -> None:
    known = facts(rule("Vault", passkey_only=True), linked=True, link_by=TOMORROW)
    demand = PasskeyDemand(PolicySource(Reason.GROUP, "Vault"), TOMORROW)
    assert effective_policy(known, now=NOW).passkey == demand
    assert not needs_passkey(known, now=NOW)
    assert needs_passkey(known, now=TOMORROW)
    assert needs_passkey(replace(known, passkey=True), now=NOW)


def test_the_reason_names_the_strictest_group() -> None:
    known = facts(rule("Graceful", grace_days=30, member_since=NOW), FINANCE)
    assert because(known) == PolicySource(Reason.GROUP, "Finance")


def test_a_group_is_named_before_everyone() -> None:
    known = PolicyFacts(True, False, False, None, (rule(None), FINANCE))
    assert because(known) == PolicySource(Reason.GROUP, "Finance")


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (facts(), Reason.NOT_REQUIRED),
        (facts(FINANCE, exempt_until=TOMORROW), Reason.EXEMPT),
        (facts(FINANCE, required=True), Reason.PERSONAL),
        (PolicyFacts(False, False, False, None, (rule(None),)), Reason.EVERYONE),
    ],
)
def test_the_reason_is_told(known: PolicyFacts, reason: Reason) -> None:
    assert because(known).reason is reason


def test_ones_own_choice_is_told_as_the_reason() -> None:
    decision = decide(facts(linked=True, opted_in=True), shown=Level.PASSWORD, now=NOW)
    assert decision.because == PolicySource(Reason.BY_CHOICE)


def test_an_exemption_tells_its_end() -> None:
    assert because(facts(FINANCE, exempt_until=TOMORROW)) == PolicySource(Reason.EXEMPT, until=TOMORROW)


def test_who_is_asked_is_who_is_not_let_in_by_the_password_alone() -> None:
    assert [is_asked(row[1], now=NOW) for row in TABLE] == [row[2] is not Verdict.ALLOW for row in TABLE]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (facts(), False),
        (facts(rule("A", required_from=NOW + timedelta(days=900))), True),
        (facts(rule("A", grace_days=900, member_since=NOW)), True),
        (facts(FINANCE, exempt_until=TOMORROW), False),
        (facts(FINANCE, exempt_until=YESTERDAY), True),
        (facts(required=True), True),
        (facts(linked=True, opted_in=True), False),
    ],
)
def test_who_will_be_asked_in_the_end(known: PolicyFacts, expected: bool) -> None:
    assert will_be_required(known, now=NOW) is expected


PASSWORD, CODE, PASSKEY = Level.PASSWORD, Level.SECOND_FACTOR, Level.PHISHING_RESISTANT


@pytest.mark.parametrize(
    ("methods", "level"),
    [
        ("pwd", PASSWORD),
        ("pwd link", PASSWORD),
        ("otp pwd", CODE),
        ("kba pwd", CODE),
        ("hwk pwd user", PASSKEY),
        ("swk pwd user", PASSKEY),
        ("hwk user", PASSKEY),
        ("pwd user", CODE),
    ],
)
def test_the_level_of_a_session_follows_from_its_methods(methods: str, level: Level) -> None:
    assert level_of(frozenset(methods.split())) is level


KEYS_ONLY = rule("Finance", passkey_only=True)
IN_GRACE = rule("Finance", passkey_only=True, grace_days=7, member_since=YESTERDAY)
NOT_YET = rule("Finance", passkey_only=True, required_from=TOMORROW)
APP, KEY = {"linked": True}, {"linked": True, "passkey": True}

# What the password, a code and a passkey open.
PASSKEY_TABLE = [
    ("an app", facts(KEYS_ONLY, **APP), "challenge", "add passkey", "allow"),
    ("a passkey", facts(KEYS_ONLY, **KEY), "challenge", "challenge", "allow"),
    ("nothing", facts(KEYS_ONLY), *["add passkey"] * 3),
    ("an app, in grace", facts(IN_GRACE, **APP), "challenge", "allow", "allow"),
    ("a passkey, in grace", facts(IN_GRACE, **KEY), "challenge", "challenge", "allow"),
    ("nothing, in grace", facts(IN_GRACE), *["allow"] * 3),
    ("an app, before the start", facts(NOT_YET, **APP), *["allow"] * 3),
    ("a passkey, before the start", facts(NOT_YET, **KEY), *["allow"] * 3),
    ("a passkey, asked by another group", facts(NOT_YET, rule("B"), **KEY), "challenge", "allow", "allow"),
    ("a passkey, asked by several", facts(KEYS_ONLY, rule("B"), **KEY), "challenge", "challenge", "allow"),
    ("a passkey, the rule is off", facts(replace(KEYS_ONLY, required=False), **KEY), *["allow"] * 3),
    ("an app, exempt", facts(KEYS_ONLY, exempt_until=TOMORROW, **APP), *["allow"] * 3),
    ("nothing, exempt", facts(KEYS_ONLY, exempt_until=TOMORROW), *["allow"] * 3),
    ("an app, required", facts(KEYS_ONLY, required=True, **APP), "challenge", "add passkey", "allow"),
    ("a passkey, by choice", facts(opted_in=True, **KEY), "challenge", "allow", "allow"),
    ("an app, with a role", facts(KEYS_ONLY, privileged=True, **APP), "challenge", "add passkey", "allow"),
    ("a passkey, with a role", facts(KEYS_ONLY, privileged=True, **KEY), "challenge", "challenge", "allow"),
    ("nothing, with a role", facts(KEYS_ONLY, privileged=True), *["await link"] * 3),
    ("an app, with a role, in grace", facts(IN_GRACE, privileged=True, **APP), "challenge", "allow", "allow"),
    ("reset", facts(KEYS_ONLY, link_required=True), *["add passkey"] * 3),
    ("reset, in grace", facts(IN_GRACE, link_required=True), *["enrol"] * 3),
    ("nothing, in grace of one of two", facts(rule("B"), IN_GRACE), *["enrol"] * 3),
]
NAMED = [row[0] for row in PASSKEY_TABLE]


@pytest.mark.parametrize(("known", "expected"), [(row[1], row[2:]) for row in PASSKEY_TABLE], ids=NAMED)
def test_where_a_rule_wants_a_passkey(known: PolicyFacts, expected: tuple[str, ...]) -> None:
    assert tuple(verdict(known, shown=shown).value for shown in Level) == expected


@pytest.mark.parametrize(
    "known", [row[1] for row in PASSKEY_TABLE if row[1].rules[0] in (KEYS_ONLY, IN_GRACE)]
)
def test_a_remembered_device_opens_nothing_where_a_rule_wants_a_passkey(known: PolicyFacts) -> None:
    assert verdict(known, device=True) is verdict(known)


def test_with_a_link_somebody_with_a_role_adds_a_passkey() -> None:
    known = facts(KEYS_ONLY, privileged=True)
    assert decide(known, shown=PASSWORD, from_link=True, now=NOW).verdict is Verdict.ADD_PASSKEY


def test_the_password_alone_never_leads_to_adding_a_passkey_beside_another_factor() -> None:
    linked = [row[1] for row in PASSKEY_TABLE if row[1].linked]
    assert Verdict.ADD_PASSKEY not in [verdict(known) for known in linked]


FINANCE_ASKS = PolicySource(Reason.GROUP, "Finance")


@pytest.mark.parametrize(
    ("known", "demand"),
    [
        (facts(FINANCE, **APP), None),
        (facts(KEYS_ONLY, **APP), PasskeyDemand(FINANCE_ASKS, None)),
        (facts(IN_GRACE, **APP), PasskeyDemand(FINANCE_ASKS, YESTERDAY + 7 * DAY)),
        (facts(IN_GRACE, **KEY), PasskeyDemand(FINANCE_ASKS, None)),
        (facts(NOT_YET, **KEY), PasskeyDemand(FINANCE_ASKS, TOMORROW)),
        (facts(NOT_YET, replace(IN_GRACE, group="B"), **APP), PasskeyDemand(FINANCE_ASKS, TOMORROW)),
        (facts(KEYS_ONLY, exempt_until=TOMORROW, **APP), None),
        (
            PolicyFacts(True, False, False, None, (rule(None, passkey_only=True),)),
            PasskeyDemand(PolicySource(Reason.EVERYONE), None),
        ),
    ],
)
def test_the_rule_that_wants_a_passkey_is_told(known: PolicyFacts, demand: PasskeyDemand | None) -> None:
    assert decide(known, shown=PASSWORD, now=NOW).passkey == demand
    assert needs_passkey(known, now=NOW) is (demand is not None and demand.by is None)


@pytest.mark.parametrize(
    ("known", "first"),
    [
        (facts(FINANCE), None),
        (facts(FINANCE, **APP), None),
        (facts(IN_GRACE), SetUpBy(YESTERDAY + 7 * DAY, passkey=True)),
        (facts(IN_GRACE, **APP), SetUpBy(YESTERDAY + 7 * DAY, passkey=True)),
        (facts(IN_GRACE, **KEY), None),
        (facts(IN_GRACE, rule("B", required_from=TOMORROW)), SetUpBy(TOMORROW, passkey=False)),
        (facts(NOT_YET, rule("B", required_from=NOW + 9 * DAY)), SetUpBy(TOMORROW, passkey=True)),
    ],
)
def test_the_first_date_by_which_something_is_missing(known: PolicyFacts, first: SetUpBy | None) -> None:
    assert set_up_by(decide(known, shown=PASSWORD, now=NOW), known) == first


ALONE = rule("Finance", passkey_alone=True)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (facts(FINANCE, **KEY), False),
        (facts(ALONE, **KEY), True),
        (facts(ALONE, rule("B"), **KEY), False),
        (facts(ALONE, rule("B", required=False), **KEY), True),
        (facts(ALONE, rule("B", required_from=TOMORROW), **KEY), True),
        (facts(ALONE, privileged=True, **KEY), True),
        (facts(replace(ALONE, required=False), **KEY), False),
        (PolicyFacts(True, False, False, None, (rule(None, required=False, passkey_alone=True),)), True),
        (PolicyFacts(True, False, False, None, (ALONE, rule(None))), False),
        (PolicyFacts(True, False, False, None, ()), False),
    ],
)
def test_a_passkey_alone_opens_both_gates_where_every_rule_says_so(
    known: PolicyFacts, expected: bool
) -> None:
    assert passkey_alone(known, now=NOW) is expected
