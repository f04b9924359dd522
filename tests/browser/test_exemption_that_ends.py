"""An exemption that ends: given for two weeks, told of by email and at home; then linking is asked for."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect

from mfa_app.core.mail import delivery
from mfa_app.core.operations import jobs
from tests.support.browser import attribute
from tests.support.chromium import Window
from tests.support.mail_server import Mailbox
from tests.support.world import World

pytestmark = pytest.mark.browser

ALICE = "alice@example.com"


def test_who_was_exempt_for_two_weeks_is_told_of_the_end_and_then_links(
    world: World, new_window: Callable[..., Window], mailbox: Mailbox
) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    world.linked_earlier("carol")
    carol, alice = new_window(), new_window()
    gives_two_weeks(world, carol)
    follows(alice, mailbox, "You're exempt from 2-factor authentication until 16 March 2026")
    alice.fill_in_login(ALICE)
    alice.is_in("Alice")
    alice.reads("You're exempt until the end of 16 March 2026")
    runs_the_job_after(world, days=8)
    newest(mailbox, "Your exemption from 2-factor authentication ends on 16 March 2026")
    runs_the_job_after(world, days=7)
    follows(alice, mailbox, "Your exemption from 2-factor authentication has ended")
    alice.fill_in_login(ALICE)
    alice.reads("Your group Finance requires 2-factor authentication.")
    alice.is_at("/enrolment")
    alice.link()
    alice.is_in("Alice")
    carol.goes_on_as(world.log_in_and_wait("carol"))
    carol.open("/admin/exemptions")
    carol.reads("Nobody is exempt")


def gives_two_weeks(world: World, carol: Window) -> None:
    carol.goes_on_as(world.log_in_and_wait("carol"))
    carol.open(f"/admin/people/{world.id_of('alice')}/policy")
    expect(carol.page.get_by_text("The strictest rule wins.")).to_be_hidden()
    carol.page.get_by_text("Which rule counts when there are several?").click()
    carol.reads("The strictest rule wins.")
    carol.field("2 weeks, until Monday 16 March 2026").check()
    carol.field("Reason").fill("Broken arm, no phone")
    carol.press("Exempt this person")
    carol.reads("Exemption saved.")
    carol.open("/admin/exemptions")
    carol.reads("Broken arm, no phone")


def runs_the_job_after(world: World, *, days: int) -> None:
    """Let days pass, and the job that tells of what ends run twice."""
    world.clock.advance(days=days)
    for _time in range(2):
        with world.app.app_context():
            assert jobs.run(jobs.END_MAILS).error is None
            delivery.deliver_due()


def newest(mailbox: Mailbox, subject: str) -> EmailMessage:
    """Return the newest email to alice, which must be the only one with this subject."""
    of_alice = [message for message in mailbox.messages if message["To"] == ALICE]
    assert [message["Subject"] for message in of_alice].count(subject) == 1
    assert of_alice[-1]["Subject"] == subject
    return of_alice[-1]


def follows(window: Window, mailbox: Mailbox, subject: str) -> None:
    """Click the button of the newest email to alice."""
    body = newest(mailbox, subject).get_body(("html",))
    assert body is not None
    button = BeautifulSoup(str(body.get_content()), "html.parser").find("a", string="Log in and set it up")
    window.open(attribute(button, "href"))
    window.sees("Log in")
