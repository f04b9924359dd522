"""The way from an email about security, as it arrives, to an account that is locked."""

import re
from collections.abc import Callable

from tests.support.mail_server import Mailbox
from tests.support.world import World

LINK = re.compile(r"http://\S+(/link/[\w-]+)")


def test_an_email_that_arrives_over_smtp_locks_the_account(
    posting: Callable[..., World], mailbox: Mailbox
) -> None:
    world = posting()
    world.person("alice")
    world.password_given("alice")
    thief = world.password_given("alice")
    message = mailbox.messages[-1]
    assert message["Subject"] == "New login to your account. Was it you?"
    words, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "This wasn't me: lock my account" in words
    (path,) = LINK.findall(words)
    assert f'{path}"' in html
    reader = world.visitor()
    reader.open(path)
    assert reader.press("Lock my account").title == "Your account is locked"
    assert thief.open("/").path == "/login"
    assert mailbox.messages[-1]["Subject"] == "Your account is locked"
