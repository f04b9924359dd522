"""An invited person's first day: an email from a real mail server, a password, an app, and in."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect

from tests.support.browser import attribute
from tests.support.chromium import Window
from tests.support.mail_server import Mailbox
from tests.support.world import World

pytestmark = pytest.mark.browser

ANNA = "anna@example.com"


def emails_to_anna(mailbox: Mailbox) -> list[EmailMessage]:
    return [message for message in mailbox.messages if message["To"] == ANNA]


def part(message: EmailMessage, kind: str) -> str:
    """Return the plain text of an email, or its HTML."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_an_invited_person_is_in_after_one_email_one_password_and_one_code(
    world: World, new_window: Callable[..., Window], mailbox: Mailbox
) -> None:
    world.group("Finance", required=True)
    carol, anna = new_window(), new_window()
    invites_anna(world, carol)
    link = reads_the_email(mailbox)
    chooses_a_password_at_the_second_attempt(anna, link, carol)
    anna.link()
    anna.is_in("Anna")
    subjects = [message["Subject"] for message in emails_to_anna(mailbox)]
    # No third one raises an alarm about the password.
    assert subjects == ["Your account at Second Gate", "Your authentication app is linked"]
    carol.page.reload()
    carol.reads("Linked")
    expect(carol.page.get_by_text("invited this person")).to_have_count(0)
    anna.open(link)
    anna.sees("This link no longer works")


def invites_anna(world: World, carol: Window) -> None:
    world.linked_earlier("carol")
    carol.goes_on_as(world.log_in_and_wait("carol"))
    carol.open("/admin/people/new")
    carol.reads("We'll send this person an email with a link to choose a password.")
    carol.field("Name").fill("Anna")
    carol.field("Email address").fill(ANNA)
    carol.field("Finance").check()
    carol.press("Add the person")
    carol.reads(f"An invitation with a link to choose a password is on its way to {ANNA}.")
    carol.reads("Carol invited this person on")
    carol.reads("The link works until")


def reads_the_email(mailbox: Mailbox) -> str:
    """Read that it is from Carol and needs a phone; return where its button leads."""
    (invitation,) = emails_to_anna(mailbox)
    text = part(invitation, "plain")
    assert "Carol has created an account for you" in text
    assert "have your phone ready" in text
    assert ANNA in text
    page = BeautifulSoup(part(invitation, "html"), "html.parser")
    return attribute(page.find("a", string="Choose a password"), "href")


def chooses_a_password_at_the_second_attempt(anna: Window, link: str, carol: Window) -> None:
    anna.open(link)
    anna.sees("Choose your password")
    anna.press_after_filling("Save password", {"New password": "short"})
    anna.sees("Choose your password")
    carol.page.reload()
    carol.reads("but the password they chose was refused.")
    anna.field("New password").fill("eight loud drums in the attic")
    anna.press("Save password")
    anna.reads("Your group Finance requires 2-factor authentication.")
    anna.is_at("/enrolment")  # without another login form
