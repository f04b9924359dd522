"""The decision, as a table: who faces which gate, and because of what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mfa_app.core.policy.decision import (
    Decision,
    PolicyFacts,
    PolicySource,
    Reason,
    Rule,
    Verdict,
    decide,
    effective_policy,
    is_asked,
    will_be_required,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LONG_AGO, YESTERDAY, TOMORROW = NOW - timedelta(days=400), NOW - timedelta(days=1), NOW + timedelta(days=1)


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


def verdict(known: PolicyFacts, *, code: bool = False, device: bool = False) -> Verdict:
    return decide(known, has_code=code, trusted_since=YESTERDAY if device else None, now=NOW).verdict


def because(known: PolicyFacts) -> PolicySource:
    return effective_policy(known, now=NOW).because


FINANCE = rule("Finance")

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
    ("one group asks, another does not", facts(FINANCE, rule("Sales", False)), Verdict.ENROL),
]


@pytest.mark.parametrize(("known", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_with_the_password_alone(known: PolicyFacts, expected: Verdict) -> None:
    assert verdict(known) is expected


@pytest.mark.parametrize("known", [row[1] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_linked_person_is_never_sent_to_link(known: PolicyFacts) -> None:
    linked = PolicyFacts(True, known.opted_in, known.required, known.exempt_until, known.rules)
    for code in (False, True):
        for device in (False, True):
            assert verdict(linked, code=code, device=device) is not Verdict.ENROL


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
    assert verdict(linked, code=True) is Verdict.ALLOW


@pytest.mark.parametrize("known", [row[1] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_code_or_a_device_never_spares_anybody_linking(known: PolicyFacts) -> None:
    if not known.linked:
        assert verdict(known, code=True, device=True) is verdict(known)


def test_a_remembered_device_spares_the_code() -> None:
    assert verdict(facts(FINANCE, linked=True), device=True) is Verdict.ALLOW


def test_a_remembered_device_spares_nothing_where_the_policy_remembers_none() -> None:
    assert verdict(facts(rule("Finance", remember_days=0), linked=True), device=True) is Verdict.CHALLENGE


@pytest.mark.parametrize(("days", "spared"), [(30, True), (8, True), (7, False), (1, False)])
def test_a_rule_that_remembers_for_fewer_days_than_before_holds_at_once(days: int, spared: bool) -> None:
    known = facts(rule("Finance", remember_days=days), linked=True)
    decision = decide(known, has_code=False, trusted_since=NOW - timedelta(days=7), now=NOW)
    assert (decision.verdict is Verdict.ALLOW) == spared


def test_the_shortest_remembering_of_the_rules_that_hold_wins() -> None:
    known = facts(rule("A", remember_days=14), rule("B", remember_days=7), rule("C", False, remember_days=1))
    assert effective_policy(known, now=NOW).remember_days == 7


def test_where_no_rule_holds_the_sites_remembering_counts() -> None:
    known = facts(rule("A", False, remember_days=1), linked=True, opted_in=True)
    assert decide(known, has_code=False, now=NOW).remember_days == 30


def test_the_earliest_date_wins() -> None:
    known = facts(rule("A", required_from=NOW + timedelta(days=9)), rule("B", required_from=TOMORROW))
    policy = effective_policy(known, now=NOW)
    assert policy.enrol_by == TOMORROW
    assert policy.because == PolicySource(Reason.NOT_REQUIRED, "B", TOMORROW)


def test_the_earliest_end_of_grace_wins() -> None:
    known = facts(rule("A", grace_days=9, member_since=NOW), rule("B", grace_days=3, member_since=NOW))
    assert decide(known, has_code=False, now=NOW) == Decision(
        Verdict.ALLOW, PolicySource(Reason.GROUP, "B"), NOW + timedelta(days=3), 30
    )


def test_a_rule_that_starts_before_anothers_grace_is_over_sets_the_date() -> None:
    known = facts(
        rule("A", grace_days=9, member_since=NOW), rule("B", required_from=TOMORROW, member_since=NOW)
    )
    decision = decide(known, has_code=False, now=NOW)
    assert (decision.verdict, decision.enrol_by) == (Verdict.ALLOW, TOMORROW)
    assert decision.because == PolicySource(Reason.GROUP, "B")
    assert decide(known, has_code=False, now=TOMORROW).verdict is Verdict.ENROL
    linked = decide(replace(known, linked=True), has_code=False, now=NOW)
    assert (linked.verdict, linked.because) == (Verdict.CHALLENGE, PolicySource(Reason.GROUP, "A"))


def test_grace_for_a_new_member_never_ends_before_the_rule_begins() -> None:
    known = facts(rule("A", required_from=TOMORROW, grace_days=7, member_since=LONG_AGO))
    assert effective_policy(known, now=NOW).enrol_by == TOMORROW


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
    decision = decide(facts(linked=True, opted_in=True), has_code=False, now=NOW)
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
