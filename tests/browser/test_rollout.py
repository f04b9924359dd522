"""A roll-out: 2FA for Finance from Monday, its emails at a mail server, the board, a reminder, more time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from playwright.sync_api import expect

from mfa_app.core.mail import delivery
from mfa_app.core.rollout import rule_mails, trend
from tests.support.chromium import Window
from tests.support.mail_server import Mailbox
from tests.support.world import World

pytestmark = pytest.mark.browser

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)  # the clock begins on the Monday before
OWN_WORDS = "Petra on floor 2 lends security keys."


def test_a_rule_from_monday_is_steered_from_its_board(
    world: World, new_window: Callable[..., Window], mailbox: Mailbox
) -> None:
    world.group("Finance")
    world.people("alice", "bob", "eve", groups_=("Finance",))
    world.linked_earlier("carol")
    carol, alice = new_window(), new_window()
    carol.goes_on_as(world.log_in_and_wait("carol"))
    switches_on_from_monday(carol)
    the_jobs_run(world)
    assert mails(mailbox) == {name: ["Second Gate will need 2-factor authentication"] for name in NAMES}
    assert OWN_WORDS in text_of_last(mailbox)
    world.clock.advance(days=1)
    the_jobs_run(world)
    links_by_the_email(world, alice, mailbox)
    world.clock.advance(days=1)
    the_jobs_run(world)
    carol.goes_on_as(world.log_in_and_wait("carol"))
    reads_the_board_and_reminds(carol)
    the_jobs_run(world)
    assert mails(mailbox)["bob"][-1] == "Set up 2-factor authentication for Second Gate"
    gives_bob_longer(carol)
    world.clock.advance(seconds=(MONDAY + timedelta(hours=9) - world.clock()).total_seconds())
    the_jobs_run(world)
    texts = [text(message) for message in mailbox.messages if "now needs" in message["Subject"]]
    assert ["by 30 March 2026, 23:59" in words for words in texts] == [True, False]


NAMES = ("alice", "bob", "eve")


def switches_on_from_monday(carol: Window) -> None:
    carol.open("/admin/groups/1/policy")
    carol.field("Require 2-factor authentication").check()
    carol.page.get_by_label("Start date").fill("2026-03-09")
    carol.field("Grace period (days)").fill("3")
    carol.page.get_by_label("Your words in the emails").fill(OWN_WORDS)
    carol.press("Continue")
    carol.sees("Switch 2-factor authentication on for Finance?")
    carol.reads("get an email: 2 Mar 2026, 6 Mar 2026, 9 Mar 2026.")
    expect(carol.page.locator("pre")).to_contain_text(OWN_WORDS)
    carol.press("Switch on for 3 people")
    carol.reads("Rule for Finance saved.")


def links_by_the_email(world: World, alice: Window, mailbox: Mailbox) -> None:
    (mail,) = [message for message in mailbox.messages if message["To"] == "alice@example.com"]
    link = next(word for word in text(mail).split() if word.endswith("/login"))
    alice.open(link)
    alice.fill_in_login("alice@example.com")
    alice.open("/enrolment")
    alice.link()
    alice.is_in("Alice")


def reads_the_board_and_reminds(carol: Window) -> None:
    carol.open("/admin/groups/1/rollout")
    carol.reads("1 (33 %)")
    carol.reads("had linked an app or passkey on 2 March 2026, and 33 % on 3 March 2026.")
    expect(carol.page.locator(".trend-chart polyline")).to_have_count(3)
    carol.press("Remind 2 people")
    carol.reads("2 people reminded.")
    carol.press("Remind 2 people")
    carol.reads("There is nobody to remind now.")


def gives_bob_longer(carol: Window) -> None:
    carol.page.get_by_role("row", name="Bob").get_by_role("link", name="Later date").click()
    carol.sees("2-factor rules for Bob")
    carol.field("Last day without an app or passkey").fill("2026-03-30")
    carol.press("Save the deadline")
    carol.open("/admin/groups/1/rollout")
    carol.reads("30 Mar 2026")


def the_jobs_run(world: World) -> None:
    with world.data():
        trend.note_day(now=world.clock())
        rule_mails.go_on(now=world.clock())
        delivery.deliver_due()


def mails(mailbox: Mailbox) -> dict[str, list[str]]:
    """Return the subjects of the emails that each person got."""
    found: dict[str, list[str]] = {}
    for message in mailbox.messages:
        if message["To"] != "carol@example.com":
            found.setdefault(str(message["To"]).partition("@")[0], []).append(str(message["Subject"]))
    return found


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def text_of_last(mailbox: Mailbox) -> str:
    return text(mailbox.messages[-1])
