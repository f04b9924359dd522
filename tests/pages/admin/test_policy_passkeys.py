"""Rules about passkeys on the pages of administrators: form, preview, and what the page of a person says."""

import pytest

from tests.support.authenticator import Authenticator
from tests.support.browser import Visitor
from tests.support.passkeys import add_passkey
from tests.support.stories import carol_at_work_and_finance
from tests.support.world import World


@pytest.fixture
def carol(world: World) -> Visitor:
    """Carol the administrator, and the group Finance, which requires nothing yet."""
    return world.after(carol_at_work_and_finance)


def form(world: World, carol: Visitor) -> None:
    """Let carol open the form of the rule of Finance."""
    with world.data():
        group = world.group_row("Finance").id
    carol.open(f"/admin/groups/{group}/policy")


def test_the_preview_says_who_must_add_a_passkey(world: World, carol: Visitor) -> None:
    world.linked_earlier("alice", groups_=("Finance",))
    world.linked_earlier("bob", groups_=("Finance",))
    world.person("dora", groups_=("Finance",))
    add_passkey(world.at_work("erin", groups_=("Finance",)), Authenticator())
    form(world, carol)
    page = carol.press("Continue", required="y", passkey_only="y")
    for words in (
        "No passkey yet 3",
        "At once: 4 people are asked for a passkey or a code (3 must add a passkey first).",
        "No device is remembered: every login asks for a passkey.",
        "Required, passkey only, no devices remembered",
    ):
        assert words in " ".join(page.text.split()), words
    carol.press("Switch on for 4 people")
    assert "passkey only" in carol.open("/admin/policy").text


def test_a_rule_shows_what_it_says_and_can_be_loosened(world: World, carol: Visitor) -> None:
    world.require("Finance", passkey_only=True, passkey_alone=True)
    form(world, carol)
    assert "checked" in carol.current.html.select_one("#passkey_only").attrs
    page = carol.press("Continue", passkey_only=None)
    assert "A passkey opens the site without the password" in page.text
    carol.press("Save")
    assert "a passkey needs no password" in carol.open("/admin/policy").text
    assert "passkey only" not in carol.current.text


def test_who_must_add_a_passkey_and_why_stands_on_the_persons_page(world: World, carol: Visitor) -> None:
    world.linked_earlier("alice", groups_=("Finance",))
    add_passkey(world.at_work("bob", groups_=("Finance",)), Authenticator())
    world.require("Finance", passkey_only=True)
    for name, sentence in {
        "alice": "Alice must add a passkey at the next login: required by group Finance.",
        "bob": "Bob is asked for a passkey, and codes don't count: required by group Finance.",
    }.items():
        assert sentence in carol.open(f"/admin/people/{world.id_of(name)}").text
    world.require("Finance", passkey_only=True, required_from=world.clock().replace(year=2030))
    assert "only a passkey counts" in carol.open(f"/admin/people/{world.id_of('alice')}").text
