"""`second-gate users pass`: an access pass from the terminal, printed once."""

import json
import re
from datetime import timedelta

import pytest

from mfa_app.core.policy import overrides
from mfa_app.models import LinkSecret
from tests.support.terminal import Typist, done, refused
from tests.support.world import TERMINAL, World

ALICE = "alice@example.com"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """The settings of the server: a reset leads to an access pass."""
    return {**environment, "MFA_RESET_LEADS_TO": "access-pass"}


def test_the_terminal_prints_a_pass_once_and_it_leads_to_linking(world: World, typed: Typist) -> None:
    world.linked_earlier("alice")
    assert "second-gate users pass alice@example.com" in done(typed("users", "reset-2fa", ALICE))
    printed = done(typed("users", "pass", ALICE, "--hours", "4", "--checked", "called-back"))
    assert "until 2026-03-02 13:00 UTC" in printed
    shown = re.search(r"^  (\w{4} \w{4})$", printed, re.M)
    assert shown, printed
    details = world.details("access_pass.made")
    assert (details["minutes"], details["checked"]) == (240, "called back")
    alice = world.password_given("alice")
    assert alice.press("Continue", code=shown[1]).path == "/enrolment"


def test_both_commands_that_reset_say_whether_a_pass_comes_next(world: World, typed: Typist) -> None:
    told = "To make one, run: second-gate users pass alice@example.com"
    world.linked_earlier("alice")
    alice = world.password_given("alice")
    alice.open("/login/lost")
    page = alice.press("Ask for a reset", lost="lost")
    number = page.html.select_one(".request-number").text
    assert told in done(typed("requests", "answer", number))
    world.linked_earlier("bob")
    with world.data():
        user, until = world.user("bob"), world.clock() + timedelta(days=3)
        overrides.exempt(user, until=until, reason="laboratory", actor=TERMINAL, now=world.clock())
    said = done(typed("users", "reset-2fa", "bob@example.com"))
    assert "This person is exempt, and logs in with the password alone." in said
    assert "users pass" not in said


def test_programs_get_it_as_json(world: World, typed: Typist) -> None:
    world.linked_earlier("alice")
    world.reset("alice")
    facts = json.loads(done(typed("users", "pass", ALICE, "--json")))
    assert list(facts) == ["email", "access_pass", "expires_at"]
    assert re.fullmatch(r"\w{4} \w{4}", facts["access_pass"])
    assert (facts["email"], facts["expires_at"]) == (ALICE, "2026-03-02T10:00:30+00:00")


def test_none_is_made_that_nobody_needs_or_for_longer(world: World, typed: Typist) -> None:
    world.linked_earlier("alice")
    assert "No access pass was made" in refused(typed("users", "pass", ALICE))
    world.reset("alice")
    assert typed("users", "pass", ALICE, "--hours", "9").exit_code == 2
    assert world.count(LinkSecret) == 0
