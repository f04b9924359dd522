"""The page that shows who is throttled, and the button that lets somebody try again."""

import pytest
from sqlalchemy import update

from mfa_app.extensions import db
from mfa_app.models import Throttle
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.stories import carol_at_work
from tests.support.world import World


@pytest.fixture
def carol(world: World) -> Visitor:
    """The administrator, who has just entered a code."""
    return world.after(carol_at_work)


def fail(world: World, name: str, times: int, visitor: Visitor | None = None) -> Page:
    """Let somebody give wrong passwords."""
    visitor = visitor or world.visitor()
    visitor.open("/login")
    for _ in range(times):
        visitor.press("Log in", email=f"{name}@example.com", password="not the password at all")
    return visitor.page


def test_somebody_who_has_to_wait_is_named_and_can_be_let_try_again(world: World, carol: Visitor) -> None:
    world.person("alice")
    assert "Nobody is blocked" in carol.open("/admin/throttled").text
    assert fail(world, "alice", 6).status == 429
    page = carol.open("/admin/throttled")
    assert "alice@example.com" in page.text
    assert "passwords, from unknown browsers" in page.text
    assert "Alice can try again now" in carol.press("Let this person try again Alice").text
    assert world.password_given("alice").page.path == "/"
    assert "throttle.cleared" in world.events("alice")


def test_wrong_codes_are_shown_too_and_forgotten(world: World, carol: Visitor) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("bob", groups_=("Finance",))
    bob = world.password_given("bob")
    for _ in range(6):
        bob.press("Log in", code=world.phones["bob"].wrong_code())
    carol.open("/admin/throttled")
    carol.press("Let this person try again Bob")
    bob.open("/login/code")
    assert bob.press("Log in", code=world.phones["bob"].code()).path == "/"


@both_databases
def test_an_app_that_was_stopped_is_listed_until_a_reset_and_nothing_else_helps(
    world: World, carol: Visitor
) -> None:
    world.linked_earlier("alice")
    alice = world.password_given("alice")
    alice.press("Log in", code=world.phones["alice"].wrong_code())
    with world.data():
        db.session.execute(update(Throttle).where(Throttle.key.startswith("code:")).values(failures=49))
    alice.press("Log in", code=world.phones["alice"].wrong_code())
    (row,) = carol.open("/admin/throttled").html.find("table").tbody.find_all("tr")
    assert "alice@example.com" in row.get_text()
    assert "2-factor authentication is reset" in row.get_text()
    assert row.find("form") is None
    assert row.find("a", href=f"/admin/people/{world.id_of('alice')}/reset")
    again = carol.post(f"/admin/people/{world.id_of('alice')}/try-again", follow=True)
    assert "wasn't blocked" in again.text
    assert "50" in carol.open("/admin/throttled").html.find("table").get_text()
    carol.open(f"/admin/people/{world.id_of('alice')}/reset")
    carol.press("Reset 2-factor authentication", checked="called back", reason="lost phone, called back")
    assert "Nobody is blocked" in carol.open("/admin/throttled").text


def guess_at_thirty_accounts(world: World, address: str) -> Visitor:
    """Let somebody guess so often that the whole network has to wait."""
    eve = world.visitor(address=address)
    eve.open("/login")
    for number in range(31):
        page = eve.press("Log in", email=f"nobody{number}@example.com", password="not the password at all")
    assert page.status == 429
    return eve


@both_databases
def test_a_network_that_had_to_wait_is_let_try_again(world: World, carol: Visitor) -> None:
    eve = guess_at_thirty_accounts(world, "203.0.113.9")
    assert "Anyone from 203.0.113.9" in carol.open("/admin/throttled").text
    page = carol.press("Let everyone there try again 203.0.113.9")
    assert "Everyone from 203.0.113.9 can try again now" in page.text
    assert "Nobody is blocked" in page.text
    assert world.details("throttle.network_cleared") == {"network": "203.0.113.9"}
    assert fail(world, "nobody", 1, eve).status == 400


def test_a_network_that_asked_for_too_many_links_is_let_try_again(world: World, carol: Visitor) -> None:
    eve = world.visitor(address="2001:db8::9")
    form = eve.open("/password/forgotten")
    for number in range(11):
        eve.page = form
        eve.press("Send the link", email=f"nobody{number}@example.com")
    assert eve.page.status == 429
    assert "requests for a new password, from one network" in carol.open("/admin/throttled").text
    carol.press("Let everyone there try again 2001:db8::")
    eve.open("/password/forgotten")
    assert eve.press("Send the link", email="nobody@example.com").status == 200


def test_letting_a_network_try_that_did_not_have_to_wait_says_so_and_leaves_no_row(
    world: World, carol: Visitor
) -> None:
    carol.open("/admin/throttled")
    page = carol.post("/admin/throttled/networks/try-again", network="203.0.113.9", follow=True)
    assert "203.0.113.9 wasn't blocked" in page.text
    assert "throttle.network_cleared" not in world.events()
    assert carol.post("/admin/throttled/networks/try-again").status == 400


def test_letting_somebody_try_who_did_not_have_to_wait_says_so(world: World, carol: Visitor) -> None:
    world.person("alice")
    carol.open("/admin/throttled")
    page = carol.post(f"/admin/people/{world.id_of('alice')}/try-again", follow=True)
    assert "wasn't blocked" in page.text


@pytest.mark.parametrize("name", ["alice", "dave"])
def test_staff_and_help_desk_do_not_see_the_page(world: World, name: str) -> None:
    world.linked_earlier(name)
    assert world.log_in_and_wait(name).open("/admin/throttled").status == 403
