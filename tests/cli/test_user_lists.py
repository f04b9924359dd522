"""`second-gate users list`, `invitations` and `exemptions`: the lists that the pages show."""

import json
from datetime import timedelta
from typing import Any

import pytest

from mfa_app.core.common import days
from mfa_app.core.policy import overrides
from mfa_app.core.users import account_lock, accounts, invitations
from tests.support.databases import both_databases
from tests.support.terminal import Typist, done
from tests.support.world import TERMINAL, World

ALICE = "alice@example.com"


def facts(typed: Typist, *words: str) -> Any:
    return json.loads(done(typed("users", *words, "--json")))


def found(typed: Typist, *options: str) -> list[str]:
    """Return whom `users list` finds with these options, by the names before the @."""
    return [one["email"].partition("@")[0] for one in facts(typed, "list", *options)]


@both_databases
def test_the_list_takes_the_filters_of_the_page(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.person("bob", groups_=("Finance",))
    world.person("carol")
    world.person("dave", password=None)
    for name in ("eve", "frank"):
        world.person(name)
    with world.data():
        accounts.disable(world.user("eve"), actor=TERMINAL, now=world.clock())
        account_lock.lock_for(world.user("frank"), actor=TERMINAL, now=world.clock())
    assert found(typed) == ["alice", "bob", "carol", "dave", "eve", "frank"]
    assert found(typed, "--find", "Ali") == ["alice"]
    assert found(typed, "--find", "BOB@example.com") == ["bob"]
    assert found(typed, "--group", "finance", "--two-factor", "to-link") == ["bob"]
    assert found(typed, "--two-factor", "linked") == ["alice"]
    assert found(typed, "--two-factor", "link-now", "--group", "Finance") == ["bob"]
    assert found(typed, "--role", "admin") == ["carol"]
    assert found(typed, "--account", "invited") == ["dave"]
    assert found(typed, "--account", "disabled") == ["eve"]
    assert found(typed, "--account", "locked") == ["frank"]
    assert typed("users", "list", "--account", "gone").exit_code == 2


@both_databases
def test_invitations_are_listed_with_how_far_they_have_come(world: World, typed: Typist) -> None:
    assert done(typed("users", "invitations")) == "There are no such invitations.\n"
    for name in ("alice", "bob"):
        world.person(name, password=None)
        with world.data():
            invitations.invite(world.user(name), actor=TERMINAL, now=world.clock())
        world.clock.advance(days=4)
    head, bob, alice = done(typed("users", "invitations")).splitlines()
    assert head.split("  ")[0] == "EMAIL ADDRESS"
    assert bob.split("  ")[2:] == [
        "the terminal",
        "2026-03-06 09:00 UTC",
        "Waiting to be sent",
        "2026-03-13 09:00 UTC",
    ]
    assert "Expired" in alice
    (expired,) = facts(typed, "invitations", "--state", "expired")
    assert expired == {
        "email": ALICE,
        "name": "Alice",
        "invited_by": None,
        "sent_at": "2026-03-02T09:00:00+00:00",
        "state": "expired",
        "works_until": "2026-03-09T09:00:00+00:00",
        "accepted_at": None,
        "new_link_wanted_at": None,
    }
    assert facts(typed, "invitations", "--state", "accepted") == []


def test_an_invitation_whose_owner_wants_a_new_link_says_so(world: World, typed: Typist) -> None:
    world.person("alice", password=None)
    with world.data():
        invitations.invite(world.user("alice"), actor=TERMINAL, now=world.clock())
        invitation = invitations.of_user(world.user("alice"))
        assert invitation is not None
        invitation.expires_at = invitation.asked_at = world.clock()
    assert "Expired, new link wanted" in done(typed("users", "invitations", "--state", "asked"))


def test_a_long_list_of_invitations_is_printed_whole(
    world: World, typed: Typist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mfa_app.core.users.invitation_list.PAGE", 2)
    names = ["alice", "bob", "eve", "frank", "grace"]
    for name in names:
        world.person(name, password=None)
        with world.data():
            invitations.invite(world.user(name), actor=TERMINAL, now=world.clock())
    listed = [one["email"].partition("@")[0] for one in facts(typed, "invitations")]
    assert sorted(listed) == names


def test_exemptions_are_listed_by_their_ends(world: World, typed: Typist) -> None:
    assert done(typed("users", "exemptions")) == "Nobody is exempt.\n"
    for number, name in enumerate(("bob", "alice"), start=1):
        world.person(name)
        with world.data():
            end = days.end_of(days.day_of(world.clock()) + timedelta(days=number))
            overrides.exempt(
                world.user(name), until=end, reason="no phones", actor=TERMINAL, now=world.clock()
            )
    head, bob, alice = done(typed("users", "exemptions")).splitlines()
    assert head.split("  ")[0] == "EMAIL ADDRESS"
    assert bob.split()[:3] == ["bob@example.com", "2026-03-02", "2026-03-03"]
    assert alice.endswith("no phones")
    first, last = facts(typed, "exemptions")
    assert (first["email"], last["email"], last["reason"]) == ("bob@example.com", ALICE, "no phones")
