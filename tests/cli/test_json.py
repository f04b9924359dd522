"""`--json`: the same facts for programs, under names that stay."""

import json
from typing import Any

import click
import pytest

from mfa_app.core.common.errors import PasswordLocked, Throttled
from mfa_app.core.throttling import counters, limits
from tests.support.terminal import Typist, done
from tests.support.world import World

ALICE = "alice@example.com"
OF_A_PERSON = [
    *("email", "name", "role", "groups", "directory_number", "last_day", "has_password", "linked"),
    *("disabled_at", "locked_at", "last_login_at"),
]
OF_A_RULE = [
    *("required", "required_from", "grace_days", "remember_days", "passkey_only", "passkey_alone"),
    "mail_text",
]


@pytest.fixture
def finance(world: World) -> None:
    """Finance requires 2FA; alice has linked an app, bob hasn't."""
    world.group("Finance", required=True, grace_days=7)
    world.linked_earlier("alice", groups_=("Finance",))
    world.person("bob")


def facts(typed: Typist, *words: str) -> Any:
    """Return what a command prints, as a program reads it."""
    return json.loads(done(typed(*words, "--json")))


@pytest.mark.usefixtures("finance")
def test_people_are_facts(typed: Typist) -> None:
    people = facts(typed, "users", "list")
    assert [list(one) for one in people] == [OF_A_PERSON, OF_A_PERSON]
    assert [(one["email"], one["linked"], one["groups"]) for one in people] == [
        (ALICE, True, ["Finance"]),
        ("bob@example.com", False, []),
    ]
    alice = facts(typed, "users", "show", ALICE)
    assert {name: alice[name] for name in OF_A_PERSON} == people[0]
    assert (alice["verdict"], alice["reason"], alice["reason_group"]) == ("challenge", "group", "Finance")
    assert [app["since"] for app in alice["apps"]] == ["2026-03-02T09:00:00+00:00"]
    assert facts(typed, "users", "list", "--group", "Finance") == people[:1]


@pytest.mark.usefixtures("finance")
def test_rules_are_facts(typed: Typist) -> None:
    (group,) = facts(typed, "groups", "list")
    assert list(group) == ["name", *OF_A_RULE, "members", "linked"]
    assert (group["required"], group["grace_days"], group["members"], group["linked"]) == (True, 7, 1, 1)
    assert facts(typed, "groups", "show", "finance") == group
    everyone = facts(typed, "policy", "show")
    assert (list(everyone), everyone["required"]) == (OF_A_RULE, False)


@pytest.mark.usefixtures("finance")
def test_what_the_site_does_is_facts(world: World, typed: Typist) -> None:
    assert facts(typed, "blocked", "list") == []
    with world.data(), pytest.raises((Throttled, PasswordLocked)):
        while True:
            counters.charge(limits.PASSWORD_UNKNOWN_BROWSER, world.id_of("bob"), now=world.clock())
    (entry,) = facts(typed, "blocked", "list")
    assert (entry["email"], entry["network"]) == ("bob@example.com", None)
    assert entry["until"] is None or entry["until"].endswith("+00:00")
    bar = {"people": 2, "logged_in": 1, "seen": 1, "linked": 1, "used": 1, "to_link": 0}
    assert facts(typed, "rollout", "show") == bar
    assert {"name", "every_seconds"} == set(facts(typed, "jobs", "list")[0])


def test_events_are_as_the_log_has_them(world: World, typed: Typist) -> None:
    world.person("alice")
    rows = facts(typed, "audit", "list")
    logged = [json.loads(line) for line in done(typed("audit", "lines", "--after", "0")).splitlines()]
    assert rows == logged[::-1] != []


def test_keys_are_facts_without_themselves(typed: Typist) -> None:
    (key,) = facts(typed, "keys", "list")
    assert {**key, "name": "", "secrets": 0} == {"name": "", "secrets": 0, "available": True, "current": True}


def test_every_command_that_lists_or_shows_something_prints_facts(world: World) -> None:
    context = click.Context(world.app.cli)
    groups = {name: world.app.cli.get_command(context, name) for name in world.app.cli.list_commands(context)}
    mute = {
        f"{name} {verb}"
        for name, group in groups.items()
        if isinstance(group, click.Group)
        for verb in {"list", "show"} & set(group.commands)
        if "--json" not in [option for each in group.commands[verb].params for option in each.opts]
    }
    assert mute == {"db show"}  # of Flask-Migrate


def test_names_with_other_letters_stay_what_they_are(world: World, typed: Typist) -> None:
    done(typed("users", "add", ALICE, "--name", "Zoë 龍"))
    printed = done(typed("users", "show", ALICE, "--json"))
    assert printed.isascii()
    assert json.loads(printed)["name"] == "Zoë 龍"


def test_the_doctor_says_as_facts_what_is_wrong_and_its_exit_code_stays(typed: Typist) -> None:
    result = typed("doctor", "--json")
    said = json.loads(result.stdout)
    wrong = [finding for finding in said["found"] if finding["wrong"]]
    assert {"sentence", "cure", "wrong"} == set(said["found"][0])
    assert "There is no administrator." in [finding["sentence"] for finding in wrong]
    assert "database" in said["ok"]
    assert result.exit_code == 1
