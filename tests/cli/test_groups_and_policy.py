"""`flask groups ...` and `flask policy ...`: who needs a second factor."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from mfa_app.extensions import db
from mfa_app.models import Group, TrailHead
from tests.support.databases import both_databases
from tests.support.terminal import Typist, done, refused
from tests.support.world import World


@both_databases
def test_a_group_that_requires_2fa_sends_its_new_member_to_link(world: World, typed: Typist) -> None:
    assert "requires 2-factor" in done(typed("groups", "add", "Finance", "--require-2fa"))
    world.person("alice", groups_=("Finance",))
    assert world.password_given("alice").page.path == "/enrolment"
    assert done(typed("groups", "list")).splitlines()[1].split()[:2] == ["Finance", "required"]
    assert "required by group Finance" in done(typed("policy", "explain", "alice@example.com"))


def test_switching_a_group_on_says_whom_it_meets(world: World, typed: Typist) -> None:
    world.group("Finance")
    world.linked_earlier("carol", groups_=("Finance",))
    for name in ("alice", "bob"):
        world.person(name, groups_=("Finance",))
    assert done(typed("groups", "require", "Finance", "on")).splitlines() == [
        "Finance requires 2-factor authentication.",
        "It applies to 3 people.",
        "2 of them have no authentication app yet and must set one up.",
        "This includes these administrators: carol@example.com.",
    ]


def test_switching_twice_writes_once(world: World, typed: Typist) -> None:
    world.group("Finance")
    for switch in ("on", "on", "off", "off"):
        done(typed("groups", "require", "Finance", switch))
    assert world.events() == ["group.created", "policy.changed", "policy.changed"]


@pytest.mark.parametrize("words", [["groups", "require", "IT", "on"], ["policy", "everyone", "on"]])
def test_a_switch_that_would_shut_out_the_administrators_is_refused(
    world: World, typed: Typist, words: list[str]
) -> None:
    world.group("IT")
    world.person("carol", groups_=("IT",))
    assert "no administrator would be able to get in" in refused(typed(*words))
    assert "policy.changed" not in world.events()


def test_a_group_of_that_name_in_another_spelling_is_refused(world: World, typed: Typist) -> None:
    world.group("Finance")
    assert "already a group" in refused(typed("groups", "add", "FINANCE"))
    assert "no group named Sales" in refused(typed("groups", "require", "Sales", "on"))
    assert world.count(Group) == 1


def test_everyone_is_required_and_released(world: World, typed: Typist) -> None:
    world.person("alice")
    assert "It applies to 1 person." in done(typed("policy", "everyone", "on"))
    assert world.password_given("alice").page.path == "/enrolment"
    done(typed("policy", "everyone", "off"))
    assert world.password_given("alice").page.path == "/"


def test_explain_shows_the_facts_below_the_answer(world: World, typed: Typist) -> None:
    world.group("Finance", required=True, grace_days=14)
    world.group("Sales")
    world.person("alice", groups_=("Finance", "Sales"))
    answer, _empty, *facts = done(typed("policy", "explain", "ALICE@example.com")).splitlines()
    assert answer.startswith("Alice must link an authentication app by 16 March 2026")
    assert [fact.strip() for fact in facts] == [
        "Finance: required, 14 days of grace, app must be set up by 2026-03-16 09:00 UTC",
        "Sales: not required",
        "Everyone: not required",
        "Personal requirement: no",
        "Exemption: none",
        "Authentication app: not set up",
    ]


def test_explain_says_when_a_requirement_begins(world: World, typed: Typist) -> None:
    world.group("Finance", required=True, required_from=world.clock() + timedelta(days=1))
    world.person("alice", groups_=("Finance",))
    assert "from 2026-03-03 09:00 UTC" in done(typed("policy", "explain", "alice@example.com"))
    assert "This starts on 2026-03-03" in done(typed("groups", "require", "Finance", "on"))


def test_nothing_is_claimed_when_the_commit_fails(world: World, typed: Typist) -> None:
    with world.data():
        db.session.execute(delete(TrailHead))
    assert "failed" in refused(typed("groups", "add", "Finance", "--require-2fa"))
    assert world.count(Group) == 0
