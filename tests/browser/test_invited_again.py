"""An invitation that has expired: the help desk sends it again, and its owner gets in, in a real browser."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect

from mfa_app.core.helpdesk import scopes
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.core.users import invitations
from tests.support.browser import attribute
from tests.support.chromium import Window
from tests.support.mail_server import Mailbox
from tests.support.world import TERMINAL, VISITOR, World

pytestmark = pytest.mark.browser

ANNA = "anna@example.com"


@pytest.fixture
def people(world: World) -> World:
    """Anna of Finance and bob of Sales, invited by carol 8 days ago; dave, who helps Finance alone."""
    for group in ("Finance", "Sales"):
        world.group(group, required=True)
    world.linked_earlier("carol")
    world.linked_earlier("dave")
    world.person("anna", groups_=("Finance",), password=None)
    world.person("bob", groups_=("Sales",), password=None)
    with world.data():
        carol = as_user(VISITOR, world.user("carol"))
        for name in ("anna", "bob"):
            invitations.invite(world.user(name), actor=carol, now=world.clock())
        scopes.limit(world.user("dave"), [world.group_row("Finance")], actor=TERMINAL)
    world.deliver()
    world.clock.advance(days=8)
    return world


def test_an_invitation_that_the_help_desk_sends_again_lets_its_owner_in(
    people: World, new_window: Callable[..., Window], mailbox: Mailbox
) -> None:
    dave, anna = new_window(), new_window()
    anna.open(link_in(newest(mailbox)))
    anna.sees("Your invitation has expired")
    dave.goes_on_as(people.log_in_and_wait("dave"))
    sends_again(dave, people)
    invitation = newest(mailbox)
    body = invitation.get_body(("plain",))
    assert body is not None
    assert "Carol has created an account for you" in body.get_content()
    anna.open(link_in(invitation))
    anna.field("New password").fill("eight loud drums in the attic")
    anna.press("Save password")
    anna.is_at("/enrolment")
    anna.link()
    anna.is_in("Anna")
    dave.page.reload()
    dave.reads("Linked")


def sends_again(dave: Window, people: World) -> None:
    """Let dave find anna, who is on the phone, and nobody of another group."""
    dave.open("/admin/people")
    expect(dave.page.get_by_role("link", name="Bob")).to_have_count(0)
    dave.open(f"/admin/people/{people.id_of('bob')}")
    dave.sees("Page not found")
    dave.open("/admin/people")
    dave.type_into("Name or email address", "anna", enter=True)
    dave.follow("Anna")
    dave.reads("The link expired on")
    dave.press("Send again")
    dave.reads(f"An invitation with a link to choose a password is on its way to {ANNA}.")
    dave.reads("The link works until")


def newest(mailbox: Mailbox) -> EmailMessage:
    return [message for message in mailbox.messages if message["To"] == ANNA][-1]


def link_in(invitation: EmailMessage) -> str:
    """Return where the button of the email leads."""
    body = invitation.get_body(("html",))
    assert body is not None
    page = BeautifulSoup(body.get_content(), "html.parser")
    return attribute(page.find("a", string="Choose a password"), "href")
