"""Where people stand with 2FA in a list: what the decision about each of them says, in few words."""

from datetime import UTC, datetime, timedelta

import pytest

from mfa_app.core.policy import overrides
from mfa_app.core.policy.decision import Decision, decide
from mfa_app.core.policy.facts import find_subjects
from mfa_app.core.policy.levels import Level
from mfa_app.core.users.standings import standings
from mfa_app.models import Group
from mfa_app.wording.standing import standing_of
from tests.support.databases import both_databases
from tests.support.statements import statements
from tests.support.world import TERMINAL, World


@pytest.fixture
def company(world: World) -> World:
    """Everybody of a company in which Finance must link now, Sales in a week, and the rest needn't."""
    world.group("Finance", required=True)
    world.group("Sales", required=True, grace_days=7)
    world.person("alice", groups_=("Finance",))
    world.person("bob", groups_=("Sales",))
    world.people("erin", "frank")
    world.person("dave")
    world.linked("carol")
    world.linked("grace", groups_=("Sales", "Finance"))
    with world.data():
        until = world.clock() + timedelta(days=3)
        overrides.exempt(
            world.user("erin"), until=until, reason="no phone", actor=TERMINAL, now=world.clock()
        )
        world.user("frank").opted_in = True
    return world


def in_words(decision: Decision) -> str:
    return standing_of(decision, has_passkey=False).text


@both_databases
def test_a_list_says_of_each_person_what_the_decision_says(company: World) -> None:
    now = company.clock()
    with company.data():
        subjects = find_subjects()
        expected = {
            subject.user.id: decide(subject.facts, shown=Level.PASSWORD, now=now) for subject in subjects
        }
        assert standings(list(expected), now=now) == expected
        assert standings([], now=now) == {}


def test_the_words_fit_a_column(company: World) -> None:
    with company.data():
        ids = {company.user(name).id: name for name in ("alice", "bob", "carol", "dave", "erin", "frank")}
        found = {ids[id_]: in_words(one) for id_, one in standings(ids, now=company.clock()).items()}
    week, exempt = found["bob"].partition("by "), found["erin"].partition("until ")
    assert (week[0], exempt[0]) == ("Must link ", "Exempt ")
    assert week[2].endswith("20" + f"{company.clock():%y}") and exempt[2]
    assert (found["alice"], found["dave"]) == ("Must link now", "Must link now")
    assert (found["carol"], found["frank"]) == ("On", "Not required")


def test_a_page_of_people_costs_two_statements(company: World) -> None:
    with company.data():
        ids = [subject.user.id for subject in find_subjects()]
    with company.data(), statements(company) as sent:
        standings(ids, now=company.clock())
    assert [statement.split()[0] for statement in sent] == ["SELECT", "SELECT"]
    assert Group.__tablename__ in sent[0]


def test_a_day_in_a_list_is_the_last_that_counts(company: World) -> None:
    """A rule begins at midnight, so who must link before 16 March has until 15 March."""
    begins = datetime(2026, 3, 16, tzinfo=UTC)
    company.group("HR", required=True, required_from=begins)
    company.people("heidi", "ivan", groups_=("HR",))
    with company.data():
        company.user("ivan").exempt_until = begins
        ids = [company.user(name).id for name in ("heidi", "ivan")]
        found = standings(ids, now=company.clock())
        texts = [in_words(found[user_id]) for user_id in ids]
    assert texts == ["Must link by 15 Mar 2026", "Exempt until 15 Mar 2026"]
