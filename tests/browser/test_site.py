"""The first day of a site: the list of first steps from empty to done, with a test email that arrives."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.support.chromium import Window
from tests.support.mail_server import Mailbox, free_port, running_mail_server
from tests.support.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mail_server(free_port()) as box:
        yield box


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """The settings of a site without a contact and without a mail server."""
    return {**environment, "MFA_SMTP_URL": "", "MFA_ADMIN_EMAIL": ""}


def test_the_first_steps_lead_from_an_empty_site_to_one_that_is_ready(
    world: World, new_window: Callable[..., Window], mailbox: Mailbox
) -> None:
    stranger = new_window()
    stranger.open("/login")
    stranger.reads("This site is not set up yet.")
    world.linked_earlier("carol")
    carol = new_window()
    carol.goes_on_as(world.log_in_and_wait("carol"))
    carol.open("/admin")
    carol.reads("0 of 6 done")
    sets_the_mail_server(carol, mailbox)
    sends_a_test_email(carol, mailbox)
    enters_an_address(carol)
    creates_a_group(carol)
    adds(carol, "Erin", "Add an administrator", role="Administrator: can do everything on this site")
    adds(carol, "Anna", None)
    carol.open("/admin")
    carol.reads("5 of 6 done")
    carol.press("We make backups")
    carol.reads("Latest events")
    expect(carol.page.get_by_text("First steps")).to_have_count(0)
    stranger.open("/login")
    expect(stranger.page.get_by_text("not set up yet")).to_have_count(0)
    expect(stranger.page.locator("a[href^='mailto:help@example.com']")).to_have_count(1)


def sets_the_mail_server(carol: Window, mailbox: Mailbox) -> None:
    """Type the mail server, at first with the wrong port, which the test email finds out."""
    carol.follow("Test emails")
    carol.field("Mail server (optional)").fill("127.0.0.1")
    carol.field("Encryption").select_option("smtp")
    carol.field("Port (optional)").fill("9")
    carol.press("Save the mail settings")
    carol.press("Send me a test email")
    carol.reads("Nothing answers at this port.")
    carol.field("Port (optional)").fill(str(mailbox.port))
    carol.press("Save the mail settings")
    carol.reads("Saved.")


def sends_a_test_email(carol: Window, mailbox: Mailbox) -> None:
    carol.press("Send me a test email")
    carol.reads("The mail server took a test email to carol@example.com")
    assert mailbox.messages[-1]["Subject"] == "Test email from Second Gate"
    assert mailbox.messages[-1]["To"] == "carol@example.com"


def enters_an_address(carol: Window) -> None:
    carol.open("/admin")
    carol.reads("1 of 6 done")
    carol.follow("Enter an address")
    carol.field("Email address of the help desk (optional)").fill("help@example.com")
    carol.press("Save")
    carol.reads("Saved.")


def creates_a_group(carol: Window) -> None:
    carol.open("/admin")
    carol.follow("Create a group")
    carol.field("Name").fill("Finance")
    carol.press("Create the group")
    carol.sees("Finance")


def adds(carol: Window, name: str, link: str | None, *, role: str | None = None) -> None:
    """Add a person, by a link of the list if there is one."""
    carol.open("/admin" if link else "/admin/people/new")
    if link:
        carol.follow(link)
    carol.field("Name").fill(name)
    carol.field("Email address").fill(f"{name.lower()}@example.com")
    if role:
        carol.field(role).check()
    carol.press("Add the person")
    carol.reads(f"Account created for {name}.")
