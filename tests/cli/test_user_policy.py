"""`second-gate users exempt`, `end-exemption` and `require`: what is set for one person."""

from datetime import timedelta

import pytest

from mfa_app.core.common import days
from tests.support.databases import both_databases
from tests.support.terminal import Typist, done, refused
from tests.support.world import World

ALICE = "alice@example.com"


@both_databases
def test_an_exemption_is_given_changed_and_ended(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    with world.data():
        day = days.day_of(world.clock()) + timedelta(days=7)
    options = ("--until", day.isoformat(), "--reason", "no phones in the laboratory")
    said = done(typed("users", "exempt", ALICE, *options))
    assert "exempt until" in said
    assert world.password_given("alice").page.path == "/"
    assert world.details("person.exempted")["reason"] == "no phones in the laboratory"
    assert "required by group Finance" in done(typed("users", "end-exemption", ALICE))
    assert world.password_given("alice").page.path == "/enrolment"
    assert done(typed("users", "end-exemption", ALICE)) == "alice@example.com is not exempt.\n"


@pytest.mark.parametrize("later", [0, 367])
def test_an_exemption_ends_within_a_year(world: World, typed: Typist, later: int) -> None:
    world.person("alice")
    with world.data():
        day = days.day_of(world.clock()) + timedelta(days=later)
    said = refused(typed("users", "exempt", ALICE, "--until", day.isoformat(), "--reason", "none"))
    assert said.startswith("Choose a day in the future, no later than")
    assert "person.exempted" not in world.events()


def test_administrators_are_never_exempt(world: World, typed: Typist) -> None:
    world.person("carol")
    with world.data():
        day = days.day_of(world.clock()) + timedelta(days=7)
    said = refused(
        typed("users", "exempt", "carol@example.com", "--until", day.isoformat(), "--reason", "none")
    )
    assert "always" in said


def test_a_personal_requirement_overrides_the_rules(world: World, typed: Typist) -> None:
    world.person("alice")
    assert "required for this person" in done(typed("users", "require", ALICE, "on"))
    assert world.password_given("alice").page.path == "/enrolment"
    done(typed("users", "require", ALICE, "off"))
    assert world.password_given("alice").page.path == "/"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("require", ALICE, "on"), "required for this person"),
        (("exempt", ALICE, "--until", "2026-03-09", "--reason", "no phones"), "exempt until"),
        (("deadline", ALICE, "2026-03-09"), "must link an app or add a passkey by"),
        (("end-exemption", ALICE), "is not exempt"),
    ],
)
def test_a_preview_says_what_would_be_and_changes_nothing(
    world: World, typed: Typist, command: tuple[str, ...], said: str
) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    before, standing = world.events(), done(typed("policy", "explain", ALICE))
    previewed = done(typed("users", *command, "--preview"))
    assert said in previewed
    if command[0] != "end-exemption":
        assert previewed.endswith("This is a preview. Nothing has been changed.\n")
    assert (world.events(), done(typed("policy", "explain", ALICE))) == (before, standing)
    assert world.mails("alice") == []


def test_a_preview_of_the_end_of_an_exemption_lets_it_go_on(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    done(typed("users", "exempt", ALICE, "--until", "2026-03-09", "--reason", "no phones"))
    assert "required by group Finance" in done(typed("users", "end-exemption", ALICE, "--preview"))
    assert "person.exemption_ended" not in world.events()
    assert world.password_given("alice").page.path == "/"


def test_a_preview_refuses_what_the_change_would(world: World, typed: Typist) -> None:
    world.person("carol")
    given = ("carol@example.com", "--until", "2026-03-09", "--reason", "none", "--preview")
    assert "always" in refused(typed("users", "exempt", *given))
