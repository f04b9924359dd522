"""Whom the preview counts and lists is what the decision says about each person, at each of its times."""

from dataclasses import asdict, replace
from datetime import datetime
from functools import cache
from itertools import product

import pytest
from sqlalchemy import select

from mfa_app.core.operations import statistics
from mfa_app.core.policy import affected
from mfa_app.core.policy.affected import Whom
from mfa_app.core.policy.decision import (
    PolicyFacts,
    Verdict,
    decide,
    is_asked,
    needs_passkey,
    will_be_required,
)
from mfa_app.core.policy.facts import PolicySubject, find_subjects
from mfa_app.core.policy.impact import MAX_NAMED, Impact, Step, preview_impact
from mfa_app.core.policy.levels import Level
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.rollout import board
from mfa_app.core.users import people_lists
from mfa_app.core.users.filters import UserFilters
from mfa_app.core.users.people_lists import Order, PeopleList
from mfa_app.extensions import db
from mfa_app.models import Group, Role, User
from tests.support.databases import both_databases
from tests.support.policy_company import DAY, NOW, add_company, set_values, under_rule
from tests.support.statements import statements
from tests.support.world import World

EVERYONE = [
    RuleValues(required=False),
    RuleValues(required=True, required_from=NOW + 5 * DAY, grace_days=10),
    RuleValues(required=True, grace_days=6, passkey_only=True),
]
CHANGES = [
    RuleValues(required=True),
    RuleValues(required=True, grace_days=14),
    RuleValues(required=True, required_from=NOW + 4 * DAY, grace_days=7),
    RuleValues(required=True, required_from=NOW + 40 * DAY, grace_days=7),
    RuleValues(required=True, required_from=NOW - 4 * DAY, grace_days=7),
    RuleValues(required=True, required_from=NOW),
    RuleValues(required=True, passkey_only=True),
    RuleValues(required=True, required_from=NOW - 4 * DAY, grace_days=7, passkey_only=True),
    RuleValues(required=True, required_from=NOW + 4 * DAY, grace_days=7, passkey_only=True),
    RuleValues(required=False, required_from=NOW + 4 * DAY, grace_days=7),
]
PRESENT = [
    RuleValues(required=False),
    RuleValues(required=True, grace_days=2),
    RuleValues(required=True, required_from=NOW + 9 * DAY),
    RuleValues(required=True, grace_days=14, passkey_only=True),
]

LISTED = [
    (PRESENT[0], CHANGES[3]),
    (PRESENT[1], CHANGES[7]),
    (PRESENT[2], CHANGES[9]),
    (PRESENT[3], CHANGES[9]),
]


def changed(facts: PolicyFacts, name: str | None, values: RuleValues) -> PolicyFacts:
    """Return somebody's facts as they are after a change of this rule."""
    rules = tuple(replace(rule, **asdict(values)) if rule.group == name else rule for rule in facts.rules)
    return replace(facts, rules=rules)


def counted(people: list[PolicyFacts], at: datetime) -> Step:
    """Ask the decision about each of them at this time."""
    asked = to_link = to_add = 0
    for facts in people:
        verdict, add = asked_of(facts, at)
        asked += verdict is not Verdict.ALLOW
        to_add += add
        to_link += not add and verdict not in (Verdict.ALLOW, Verdict.CHALLENGE)
    return Step(at, asked, to_link, to_add)


@cache
def asked_of(facts: PolicyFacts, at: datetime) -> tuple[Verdict, bool]:
    """Return what the decision says of somebody, and whether it wants a passkey that is not there."""
    verdict = decide(facts, shown=Level.PASSWORD, now=at).verdict
    assert is_asked(facts, now=at) is (verdict is not Verdict.ALLOW)
    return verdict, not facts.passkey and needs_passkey(facts, now=at)


def held_against_the_decision(
    scope: Group | None, values: RuleValues, under: list[PolicySubject]
) -> tuple[Impact, dict[Whom, list[str]]]:
    """Preview a change, and hold each of its numbers against the decision about each person under it.

    Return also who belongs on each list.
    """
    impact, name = preview_impact(scope, values, now=NOW), scope.name if scope else None
    exempt = [person for person in under if exempt_at(person, NOW)]
    others = [person.facts for person in under if not exempt_at(person, NOW)]
    assert impact.people == len(under) - len(exempt)
    assert (impact.exempt, [email for email, _ in impact.exemptions]) == (
        len(exempt),
        [person.user.email for person in exempt][:MAX_NAMED],
    )
    assert impact.not_linked == sum(not facts.linked for facts in others)
    assert impact.without_passkey == sum(not facts.passkey for facts in others)
    assert impact.today == counted([person.facts for person in under], NOW)
    after = [changed(person.facts, name, values) for person in under]
    assert list(impact.steps) == [counted(after, step.at) for step in impact.steps]
    last = impact.steps[-1]  # when everybody is asked but the exempt
    assert not values.required or last.asked == sum(not exempt_at(person, last.at) for person in under)
    lists = listed(under, values, name, impact)
    assert (impact.newly, impact.no_longer, impact.still, impact.to_set_up, impact.spared) == tuple(
        len(lists[whom]) for whom in (Whom.NEWLY, Whom.NO_LONGER, Whom.STILL, Whom.TO_SET_UP, Whom.SPARED)
    )
    return impact, lists


def listed(
    under: list[PolicySubject], values: RuleValues, name: str | None, impact: Impact
) -> dict[Whom, list[str]]:
    """Return who belongs on each list, by the decision about each person."""
    last, lists = impact.steps[-1].at, {whom: list[str]() for whom in Whom}
    for person in under:
        facts, email = changed(person.facts, name, values), person.user.email
        now = asked_of(person.facts, NOW)[0] is not Verdict.ALLOW
        then = asked_of(facts, last)[0] is not Verdict.ALLOW
        if now or then:
            kinds = {(False, True): Whom.NEWLY, (True, False): Whom.NO_LONGER, (True, True): Whom.STILL}
            lists[kinds[now, then]].append(email)
        if must_set_up(facts, last):
            lists[Whom.TO_SET_UP].append(email)
        ended = impact.spared_from
        if ended and must_set_up(person.facts, ended) and not must_set_up(facts, ended):
            lists[Whom.SPARED].append(email)
        if exempt_at(person, NOW):
            lists[Whom.EXEMPT].append(email)
    return lists


def must_set_up(facts: PolicyFacts, at: datetime) -> bool:
    verdict, add = asked_of(facts, at)
    return add or verdict not in (Verdict.ALLOW, Verdict.CHALLENGE)


def exempt_at(person: PolicySubject, at: datetime) -> bool:
    until = person.user.exempt_until
    return until is not None and until > at and not person.user.is_privileged


@both_databases
@pytest.mark.parametrize("name", ["Finance", None])
def test_each_number_and_list_is_what_the_decision_says_about_each_person(
    world: World, name: str | None
) -> None:
    world.after(add_company)
    with world.data():
        scope = world.group_row(name) if name else None
        seen, named, compared = set(), set(), 0
        others = EVERYONE if scope else EVERYONE[:1]  # the rule for everyone is then the present one
        for number, (everyone, present) in enumerate(product(others, PRESENT)):
            set_values(None, everyone)
            set_values(scope, present)
            db.session.expire_all()
            under = under_rule(scope)
            # beside three rules for everyone, each change meets each rule that was with one of them
            for values in CHANGES[number % 3 :: 3] if scope else CHANGES:
                impact, lists = held_against_the_decision(scope, values, under)
                seen.add(len(impact.steps))
                if (present, values) in LISTED:
                    hold_lists_against_the_decision(scope, values, lists)
                    named |= {whom for whom, emails in lists.items() if emails}
                    compared += 1
        assert seen == {1, 2, 3}
        assert compared == len(LISTED)
        assert named == set(Whom) - {Whom.DEVICES}  # tests/core/policy/test_devices.py


def hold_lists_against_the_decision(
    scope: Group | None, values: RuleValues, lists: dict[Whom, list[str]]
) -> None:
    """Hold each list of a preview, and what the change makes of each person on it, against the decision."""
    name = scope.name if scope else None
    for whom, emails in lists.items():
        found = list(affected.all_of(scope, values, whom, now=NOW))
        assert [person.subject.user.email for person in found] == emails
        after = [changed(person.subject.facts, name, values) for person in found]
        assert [person.facts for person in found] == after


@both_databases
def test_overview_board_and_list_have_the_same_people(world: World) -> None:
    world.after(add_company)
    with world.data():
        for number, user in enumerate(db.session.scalars(select(User).order_by(User.id))):
            user.account_locked_at = NOW if number % 4 == 1 else None
            user.ends_at = {2: NOW, 3: NOW + DAY}.get(number % 13)
        for everyone, scope in product(EVERYONE[:2], (None, "Finance", "Sales", "Vault")):
            set_values(None, everyone)
            db.session.expire_all()
            group = world.group_row(scope) if scope else None
            needed = [
                person.user.email
                for person in find_subjects()
                if will_be_required(person.facts, now=NOW) and not person.facts.linked
                if person.user.is_open(NOW) and (group is None or group in person.groups)
            ]
            assert board.to_link(group, now=NOW) == len(needed)
            assert [person.email for person in board.all_stragglers(group, now=NOW)] == needed
            assert group or statistics.site_statistics(now=NOW).must_link == len(needed)
            filters = UserFilters(to_link=True, active=True, group_id=group.id if group else None)
            everybody = PeopleList(filters, frozenset(Role), Order.EMAIL)
            listed = people_lists.all_people(everybody, now=NOW).with_only_columns(User.email)
            assert sorted(db.session.scalars(listed)) == sorted(needed)


def test_a_preview_takes_as_many_statements_for_many_as_for_few(world: World) -> None:
    world.after(add_company)
    with world.data():
        for name in ("Finance", "Idle"):
            scope = world.group_row(name)
            with statements(world) as sent:
                preview_impact(scope, CHANGES[2], now=NOW)
            assert len([words for words in sent if words.startswith("SELECT")]) <= 18
