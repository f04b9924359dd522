"""`second-gate requests ...`: who waits for a reset, at the terminal."""

import json
import re

import pytest

from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.terminal import Typist, done, refused
from tests.support.world import World

WAITING = "/login/waiting"


def asks(world: World, name: str) -> tuple[str, Visitor]:
    """Let somebody ask for a reset; return the number, and the browser that waits."""
    waiting = world.password_given(name)
    waiting.open("/login/lost")
    assert waiting.press("Ask for a reset", lost="lost").path == WAITING
    found = re.search(r"\b\d{3} \d{3}\b", waiting.page.text)
    assert found
    return found[0], waiting


@both_databases
def test_the_queue_is_listed_without_numbers(world: World, typed: Typist) -> None:
    assert done(typed("requests", "list")) == "Nobody is waiting.\n"
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    number, _waiting = asks(world, "alice")
    listed = done(typed("requests", "list"))
    assert "alice@example.com" in listed
    assert "My phone is lost or stolen" in listed
    as_json = done(typed("requests", "list", "--json"))
    (request,) = json.loads(as_json)
    assert (request["email"], request["stopped_at"]) == ("alice@example.com", None)
    assert number.replace(" ", "") not in listed + as_json
    assert number not in listed + as_json


def test_a_long_queue_is_listed_whole(world: World, typed: Typist, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mfa_app.core.helpdesk.queue.PAGE", 2)
    world.group("Finance", required=True)
    names = ["alice", "bob", "eve"]
    for name in names:
        world.linked_earlier(name, groups_=("Finance",))
        asks(world, name)
        world.clock.advance(seconds=1)
    whole = json.loads(done(typed("requests", "list", "--json")))
    assert [one["email"].partition("@")[0] for one in whole] == names


@both_databases
def test_the_number_resets_and_the_page_that_waits_goes_on(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    number, waiting = asks(world, "alice")
    wrong = f"{(int(number.replace(' ', '')) + 1) % 10**6:06}"
    assert "No open request has this number." in refused(typed("requests", "answer", wrong))
    assert "has 6 digits" in refused(typed("requests", "answer", "12345"))
    assert world.events("alice")[-1] == "reset.requested"
    said = done(typed("requests", "answer", number, "--checked", "called-back"))
    assert said.startswith("2-factor authentication reset for alice@example.com.")
    reset = world.details("second_factor.reset")
    assert (reset["reason"], reset["checked"]) == ("My phone is lost or stolen", "called back")
    waiting.open(WAITING)
    assert waiting.press("Continue").path == "/enrolment"
    assert "No open request" in refused(typed("requests", "answer", number))
