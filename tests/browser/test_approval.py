"""Dave is deceived on the phone; alice gets an email and stops the reset, in a real browser."""

import re
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from playwright.sync_api import expect

from tests.support.chromium import Window
from tests.support.mail_server import Mailbox
from tests.support.waiting import wait_until
from tests.support.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def people(world: World) -> World:
    """Alice, whose phone was really lost last week, and carol and dave, who could help her again."""
    world.linked_earlier("alice")
    world.reset("alice")
    world.clock.advance(days=7)
    world.link_and_wait("alice")
    for name in ("carol", "dave"):
        world.linked_earlier(name)
    world.deliver()
    return world


def test_a_risky_reset_is_stopped_by_the_person(
    people: World, new_window: Callable[..., Window], mailbox: Mailbox
) -> None:
    dave, alice, carol = new_window(), new_window(), new_window()
    dave.goes_on_as(people.log_in_and_wait("dave"))
    asks_for_a_reset(people, dave)
    stops_it(alice, mail_to("alice", mailbox, "The help desk wants to reset your 2-factor authentication"))
    dave.open(f"/admin/people/{people.id_of('alice')}/approval")
    dave.reads("Alice has stopped it and locked the account.")
    alarm = mail_to("carol", mailbox, "A reset was stopped by the person it was for")
    assert "dave@example.com asked for the reset" in alarm and "Nothing was reset." in alarm
    carol.goes_on_as(people.log_in_and_wait("carol"))
    carol.open("/admin/requests")
    carol.sees("Requests")
    expect(carol.page.get_by_text("Waiting for a second approval")).to_have_count(0)


def asks_for_a_reset(people: World, dave: Window) -> None:
    dave.open(f"/admin/people/{people.id_of('alice')}")
    dave.follow("Reset 2-factor authentication")
    dave.reads("Another helper has to approve this reset")
    dave.field("I called back on the number in the directory").check()
    dave.field("Reason").fill("Says that the new phone is lost too")
    dave.press("Ask for approval")
    dave.reads("Alice has been told by email and can stop it.")


def stops_it(alice: Window, words: str) -> None:
    assert "dave@example.com wants to reset" in words and "the new phone is lost too" in words
    found = re.search(r"http\S+/link/\S+", words)
    assert found
    alice.open(found[0])
    alice.sees("Stop the reset and lock your account?")
    alice.press("Stop this and lock my account")
    alice.sees("Your account is locked")


def mail_to(name: str, mailbox: Mailbox, subject: str) -> str:
    """Wait for an email to somebody; return its words in one line."""

    def found() -> list[EmailMessage]:
        address = f"{name}@example.com"
        return [mail for mail in mailbox.messages if (mail["To"], mail["Subject"]) == (address, subject)]

    wait_until(found)
    body = found()[-1].get_body(("plain",))
    assert body
    return " ".join(str(body.get_content()).split())
