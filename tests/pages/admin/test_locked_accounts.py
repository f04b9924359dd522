"""Accounts that their owners have locked: who sees them, and who opens them again."""

import pytest

from mfa_app.core.users import account_lock, accounts
from tests.support.browser import Page, Visitor
from tests.support.stories import carol_at_work, dave_at_work
from tests.support.world import TERMINAL, World

REASON = "Called back on 4711, new password"


def locked(world: World, name: str, **details: str) -> None:
    """Let somebody have locked their account."""
    world.person(name, **details)
    lock(world, name)


def lock(world: World, name: str) -> None:
    """Let somebody lock their account now."""
    with world.data():
        account_lock.lock_for(world.user(name), actor=TERMINAL, now=world.clock())


def page_of(world: World, name: str, *more: str) -> str:
    return "/".join((f"/admin/people/{world.id_of(name)}", *more))


def open_again(world: World, visitor: Visitor, name: str) -> Page:
    visitor.open(page_of(world, name))
    visitor.open(page_of(world, name, "open"))
    return visitor.press("Open the account again", checked="called back", reason=REASON)


@pytest.fixture
def dave(world: World) -> Visitor:
    return world.after(dave_at_work)


@pytest.fixture
def carol(world: World) -> Visitor:
    return world.after(carol_at_work)


def test_the_help_desk_opens_an_account_and_its_owner_is_told(world: World, dave: Visitor) -> None:
    locked(world, "alice")
    page = dave.open(page_of(world, "alice"))
    assert "Nobody can log in to it until you open it again." in page.text
    assert "Locked by its owner" in page.text
    page = open_again(world, dave, "alice")
    assert "The account of Alice is open again." in page.text
    checked = {"checked": "called back", "note": None}
    assert world.details("person.opened") == {"reason": REASON, **checked}
    assert world.mails("alice")[-1] == "account_opened"
    assert REASON in world.words_of_last_mail()
    assert world.password_given("alice").page.path == "/"


def test_before_that_the_page_warns_of_whoever_got_in(world: World, dave: Visitor) -> None:
    locked(world, "alice")
    page = dave.open(page_of(world, "alice", "open"))
    assert "Use the number in the company directory" in page.text
    assert "Someone who got into it may be the one who asks you to open it." in page.text


def test_a_reason_is_needed(world: World, dave: Visitor) -> None:
    locked(world, "alice")
    dave.open(page_of(world, "alice", "open"))
    assert dave.press("Open the account again", checked="called back", reason=" ").status == 400
    assert "person.opened" not in world.events()


@pytest.mark.parametrize("role", ["helpdesk", "admin"])
def test_the_help_desk_opens_no_account_of_its_equals(world: World, dave: Visitor, role: str) -> None:
    locked(world, "dora", role=role)
    assert dave.open(page_of(world, "dora", "open")).status == 403
    dave.open("/admin/people")
    assert dave.post(page_of(world, "dora", "open"), checked="called back", reason=REASON).status == 403
    assert "person.opened" not in world.events()


def test_an_administrator_opens_the_account_of_another(world: World, carol: Visitor) -> None:
    locked(world, "anton", role="admin")
    assert "open again" in open_again(world, carol, "anton").text
    assert "person.opened" in world.events("anton")


def test_staff_open_nothing(world: World) -> None:
    locked(world, "alice")
    world.linked_earlier("bob")
    bob = world.log_in_and_wait("bob")
    assert bob.post(page_of(world, "alice", "open"), checked="called back", reason=REASON).status == 403


def test_an_account_that_is_open_says_so(world: World, dave: Visitor) -> None:
    world.person("alice")
    assert "This account is not locked." in dave.open(page_of(world, "alice", "open")).text


def test_the_list_finds_them(world: World, carol: Visitor) -> None:
    world.people("alice", "bob")
    locked(world, "dora")
    page = carol.open("/admin/people?state=locked")
    assert [link.get_text() for link in page.html.select("tbody td:first-child a")] == ["Dora"]
    assert "Locked by its owner" in page.html.select_one("tbody").get_text()


def test_the_overview_counts_them(world: World, carol: Visitor) -> None:
    locked(world, "alice")
    assert "is waiting for it to be opened again" in carol.open("/admin").text
    assert carol.follow("Show who").html.find("a", string="Alice")


def test_nobody_is_invited_into_a_locked_account(world: World, carol: Visitor) -> None:
    world.person("alice", password=None)
    carol.open(page_of(world, "alice"))
    lock(world, "alice")
    assert "This account is disabled or locked" in carol.press("Make a link").text
    assert "Make a link" not in carol.open(page_of(world, "alice")).text


def test_enabling_does_not_open_what_its_owner_has_locked(world: World, carol: Visitor) -> None:
    locked(world, "alice")
    with world.data():
        accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())
    carol.open(page_of(world, "alice"))
    page = carol.press("Enable the account")
    assert "The account of Alice is enabled, but still locked." in page.text
    assert "can log in again" not in page.text
