"""The mails of an invitation, from a real mail server: each has a link that works."""

from collections.abc import Callable
from urllib.parse import urlsplit

from bs4 import BeautifulSoup

from mfa_app.core.mail import delivery
from mfa_app.core.operations import jobs
from tests.support.browser import attribute
from tests.support.mail_server import Mailbox
from tests.support.stories import carol_at_work
from tests.support.world import World

DORA, CAROL = "dora@example.com", "carol@example.com"

NEW = "eleven slow trams across the bridge"


def button_of_the_newest(world: World, mailbox: Mailbox, to: str, subject: str) -> str:
    """Let the mails leave, and return where the button in the newest one leads."""
    with world.app.app_context():
        delivery.deliver_due()
    newest = [message for message in mailbox.messages if message["To"] == to][-1]
    assert newest["Subject"] == subject
    body = newest.get_body(("html",))
    assert body is not None
    button = BeautifulSoup(str(body.get_content()), "html.parser").select_one("a.key")
    leads_to = urlsplit(attribute(button, "href"))
    return f"{leads_to.path}?{leads_to.query}".rstrip("?")


def test_an_invitation_its_reminder_and_the_wish_for_a_new_one_arrive(
    posting: Callable[..., World], mailbox: Mailbox
) -> None:
    world = posting()
    carol = world.after(carol_at_work)
    carol.open("/admin/people/new")
    carol.press("Add the person", name="Dora", email=DORA)
    link = button_of_the_newest(world, mailbox, DORA, "Your account at Second Gate")
    assert world.visitor().open(link).title == "Choose your password"
    world.clock.advance(days=6, hours=1)
    with world.app.app_context():
        assert jobs.run(jobs.END_MAILS).count == 1
    subject = "Your invitation to Second Gate expires on 9 March 2026"
    link = button_of_the_newest(world, mailbox, DORA, subject)
    assert world.visitor().open(link).title == "Choose your password"
    world.clock.advance(days=1)
    dora = world.visitor()
    assert dora.open(link).title == "Your invitation has expired"
    dora.press("Ask for a new link")
    wish = button_of_the_newest(world, mailbox, CAROL, "Dora asks for a new invitation")
    carol = world.log_in_and_wait("carol")
    carol.open(wish)
    carol.press("Send again", people=[world.id_of("dora")])
    dora.open(button_of_the_newest(world, mailbox, DORA, "Your account at Second Gate"))
    assert dora.press("Save password", password=NEW).title == "Welcome, Dora"
