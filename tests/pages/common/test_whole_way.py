"""The main job from end to end, as its people meet it, on both databases."""

import re

from tests.support.browser import Visitor, attribute
from tests.support.databases import both_databases
from tests.support.phone import Phone
from tests.support.terminal import done
from tests.support.world import World

pytestmark = both_databases

ALICE = "alice@example.com"
HER_PASSWORD = "a heron stands under the old mill"
LINK = re.compile(r"http://127\.0\.0\.1:\d+(/link/\S+)")


def test_alice_links_an_app_and_is_asked_for_a_code_from_then_on(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    alice = world.link_and_wait("alice")
    assert alice.follow("Not now").path == "/"
    alice.press("Log out")
    alice = world.password_given("alice", alice)
    assert alice.page.title == "2-factor authentication"
    alice.press("Log in", code=world.phones["alice"].code())
    assert alice.page.path == "/"
    alice.press("Log out")
    assert world.password_given("alice", alice).page.path == "/"


def test_from_the_set_up_link_to_a_second_linking(world: World) -> None:
    carol = becomes_the_first_administrator(world)
    makes_a_group_that_requires_2fa(carol)
    adds_alice(carol)
    alice = chooses_a_password(world)
    app = links_an_app(world, alice)
    world.clock.advance(seconds=30)
    logs_in_with_a_code_and_then_without(alice, app)
    world.linked_earlier("dave")
    resets_alice(world)
    is_out_and_links_again(world, alice, app)


def link(world: World, visitor: Visitor) -> Phone:
    """Link the app of a phone that the visitor has at hand."""
    app = world.phone_that_scans(visitor.current)
    page = visitor.press("Enable", code=app.code())
    assert "The platform is now linked to your authentication app. You are now logged in." in page.text
    visitor.follow("Not now")
    return app


def becomes_the_first_administrator(world: World) -> Visitor:
    printed = done(world.app.test_cli_runner().invoke(args=["prepare"]))
    found = LINK.search(printed)
    assert found
    carol = world.visitor()
    assert carol.open(found[1]).title == "Set up Second Gate"
    carol.press(
        "Create the administrator",
        name="Carol",
        email="carol@example.com",
        password="nine yellow ferries at noon",
    )
    link(world, carol)
    assert carol.current.title == "Break-glass codes"
    carol.follow("Not now")
    assert (carol.current.path, carol.current.title) == ("/", "Welcome, Carol")
    return carol


def makes_a_group_that_requires_2fa(carol: Visitor) -> None:
    for words in ("Administration", "Groups", "Create the first group"):
        carol.follow(words)
    carol.press("Create the group", name="Finance")
    carol.follow("Change the rule")
    page = carol.press("Continue", required="y")
    assert page.title == "Switch 2-factor authentication on for Finance?"
    assert "Rule for Finance saved." in carol.press("Switch on").text


def adds_alice(carol: Visitor) -> None:
    for words in ("Administration", "People", "Add a person"):
        carol.follow(words)
    (box,) = (label for label in carol.current.html.find_all("label") if "Finance" in label.get_text())
    finance = carol.current.html.find(id=attribute(box, "for"))
    chosen = {attribute(finance, "name"): attribute(finance, "value")}
    assert carol.press("Add the person", name="Alice", email=ALICE, **chosen).title == "Link for Alice"


def chooses_a_password(world: World) -> Visitor:
    assert world.mails("alice") == ["invitation"]
    alice = world.visitor()
    assert alice.open(world.link_in_last_mail()).title == "Choose your password"
    page = alice.press("Save password", password=HER_PASSWORD)
    assert "Password saved. One more step, and you're in." in page.text
    return alice


def links_an_app(world: World, alice: Visitor) -> Phone:
    assert "Your group Finance requires 2-factor authentication." in alice.current.text
    app = link(world, alice)
    assert alice.current.title == "Welcome, Alice"
    alice.press("Log out")
    return app


def logs_in_with_a_code_and_then_without(alice: Visitor, app: Phone) -> None:
    page = alice.give_password(ALICE, HER_PASSWORD)
    assert "Don't ask for a code on this device for 30 days" in page.text
    assert page.html.find("input", {"name": "remember", "checked": True})
    assert alice.press("Log in", code=app.code()).title == "Welcome, Alice"
    alice.press("Log out")
    assert alice.give_password(ALICE, HER_PASSWORD).title == "Welcome, Alice"


def resets_alice(world: World) -> None:
    dave = world.password_given("dave")
    dave.press("Log in", code=world.phones["dave"].code())
    for words in ("Help desk", "Alice", "Reset 2-factor authentication"):
        dave.follow(words)
    page = dave.press(
        "Reset 2-factor authentication",
        checked="called back",
        reason="Phone lost on the train",
    )
    assert "2-factor authentication reset for Alice." in page.text


def is_out_and_links_again(world: World, alice: Visitor, lost: Phone) -> None:
    alice.follow("Your account")
    assert "Your session has ended. Log in again." in alice.current.text
    assert world.mails("alice")[-1] == "reset_second_factor"
    alice.give_password(ALICE, HER_PASSWORD)
    assert link(world, alice).secret != lost.secret
    assert alice.current.title == "Welcome, Alice"
