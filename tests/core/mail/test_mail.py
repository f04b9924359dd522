"""Mails: written with the change they tell of, sealed while they wait, sent after the commit, tried again."""

import re
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import select

from mfa_app.core.mail import delivery, outbox
from mfa_app.core.mail.delivery import MailDelivery
from mfa_app.core.mail.outbox import Mail
from mfa_app.extensions import db
from mfa_app.models import OutboxMail, User
from mfa_app.web.mail_composer import MailComposer
from tests.support.clock import RealClock
from tests.support.databases import both_databases
from tests.support.mail_contexts import CONTEXT, made_true
from tests.support.mail_server import Mailbox, running_mail_server
from tests.support.served_site import served_site
from tests.support.site_parts import part_of
from tests.support.waiting import wait_until
from tests.support.world import World


@pytest.fixture
def posted(posting: Callable[..., World]) -> World:
    """A world whose mails leave over SMTP, if there is a server at the port."""
    return posting(MFA_MAIL_FROM="gate@example.com")


def write(world: World, kind: Mail = Mail.LINKED, **context: object) -> None:
    outbox.enqueue(kind, world.user("alice"), now=world.clock(), **{**CONTEXT.get(kind, {}), **context})


def waiting(world: World) -> OutboxMail:
    with world.data():
        return db.session.scalars(select(OutboxMail)).one()


@both_databases
def test_a_mail_is_written_with_the_change_it_tells_of_or_not_at_all(world: World) -> None:
    world.person("alice")
    with world.app.app_context():
        write(world)
        db.session.rollback()
    assert world.count(OutboxMail) == 0
    with world.data():
        write(world)
    assert world.count(OutboxMail) == 1


def test_a_request_that_fails_sends_nothing(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice = world.password_given("alice")
    for _ in range(2):
        alice.press("Log in", code=world.phones["alice"].wrong_code())
    with world.app.app_context():
        db.session.execute(db.text("ALTER TABLE trail_head RENAME TO lost"))
        db.session.commit()
    assert alice.press("Log in", code=world.phones["alice"].wrong_code()).status == 503
    assert world.mails("alice") == ["linked"]


@both_databases
def test_what_stands_in_a_mail_is_sealed_while_it_waits_and_gone_when_it_has_left(world: World) -> None:
    world.person("alice")
    with world.data():
        write(world, Mail.PASSWORD_RESET)
    assert "A" * 43 not in waiting(world).sealed_context
    assert world.deliver() == 1
    assert waiting(world).sealed_context is None
    assert waiting(world).sent_at == world.clock()
    assert world.deliver() == 0


def test_two_mails_swapped_in_the_table_open_for_nobody(world: World) -> None:
    world.person("alice")
    with world.data():
        write(world)
        write(world, Mail.PASSWORD_RESET)
    with world.data():
        one, other = db.session.scalars(select(OutboxMail))
        one.sealed_context, other.sealed_context = other.sealed_context, one.sealed_context
    assert world.deliver() == 0


def test_an_invitation_that_waited_while_the_site_was_upgraded_still_leaves(world: World) -> None:
    world.person("alice")
    with world.data():
        outbox.enqueue(Mail.INVITATION, world.user("alice"), now=world.clock(), token="A" * 43, hours=72)
    assert world.deliver() == 1
    assert "Choose a password" in world.last_mail()


@pytest.mark.parametrize("kind", Mail)
def test_every_mail_reads_well_as_text_and_as_a_page(world: World, kind: Mail) -> None:
    world.person("alice")
    context = made_true(world, kind)
    with world.data():
        write(world, kind, place="192.0.2.1", user_agent="", **context)
    assert world.deliver() == 1
    message = message_from_bytes(world.last_mail().encode(), policy=policy.default)
    text, page = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert message["Subject"].strip()
    assert "\n" not in message["Subject"] and unescape(message["Subject"]) == message["Subject"]
    assert message["To"] == "alice@example.com"
    assert "Hello Alice" in text and "Hello Alice" in page
    assert "{{" not in text + page and "None" not in text
    assert not re.search(r"<[a-z/!]|&[a-z#0-9]+;|\n\n\n", text), "markup, or a gap, in the plain text"
    assert max(map(len, text.splitlines())) <= 78
    assert set(re.findall(r'href="([^"]+)', page)) == set(re.findall(r"^https?://\S+$", text, re.MULTILINE))
    with_link = (
        *(Mail.INVITATION, Mail.INVITATION_ENDS, Mail.PASSWORD_RESET),
        *(Mail.RESET_REQUESTED, Mail.APPROVAL_ASKED),
    )
    assert ("/link/" + "A" * 43 in text) == (kind in with_link)


def test_plain_text_is_not_escaped_and_the_page_is(world: World) -> None:
    world.person("alice")
    with world.data():
        world.user("alice").name = "O'Hara <Alice> & Co"
    with world.data():
        write(world, Mail.RESET, reason="phone <lost> & gone")
    world.deliver()
    message = message_from_bytes(world.last_mail().encode(), policy=policy.default)
    text, page = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "Hello O'Hara <Alice> & Co," in text and "phone <lost> & gone" in text
    assert "<Alice>" not in page and "phone &lt;lost&gt; &amp; gone" in page


def test_a_file_in_the_outbox_is_for_its_owner_alone(world: World) -> None:
    world.person("alice")
    with world.data():
        write(world)
    world.deliver()
    (path,) = (world.settings.instance_path / "outbox").iterdir()
    assert path.suffix == ".eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_mail_reaches_a_real_mail_server(posted: World, mailbox: Mailbox) -> None:
    posted.person("alice")
    alice = posted.link_and_wait("alice")
    assert alice.page.path == "/account/recovery-codes"
    (message,) = mailbox.messages
    assert message["To"] == "alice@example.com"
    assert message["From"].addresses[0].addr_spec == "gate@example.com"
    assert "linked" in message["Subject"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert "IP address: 192.0.2.1" in message.get_body(("plain",)).get_content()


@pytest.fixture
def impostor(port: int, own_certificate: Path) -> Iterator[Mailbox]:
    """A mail server with a certificate that nobody vouches for."""
    encrypted = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    encrypted.load_cert_chain(own_certificate)
    with running_mail_server(port, encrypted=encrypted) as box:
        yield box


def test_a_mail_server_with_a_certificate_of_its_own_making_gets_no_mail(
    posted: World, impostor: Mailbox, port: int
) -> None:
    encrypted = posted.settings.model_copy(update={"smtp_url": f"smtp+starttls://127.0.0.1:{port}"})
    posted.person("alice")
    with posted.data():
        write(posted)
    with posted.data():
        composer = MailComposer(posted.app, encrypted)
        assert MailDelivery(encrypted, composer.compose).deliver_due() == 0
        assert "CERTIFICATE_VERIFY_FAILED" in db.session.scalars(select(OutboxMail.last_error)).one()
    assert not impostor.messages


def test_a_name_with_a_line_break_adds_no_header(posted: World, mailbox: Mailbox) -> None:
    posted.person("alice")
    with posted.data():
        user = posted.user("alice")
        user.name = "Alice\r\nBcc: eve@example.com"
    with posted.data():
        write(posted, Mail.INVITATION)
    posted.deliver()
    (message,) = mailbox.messages
    assert message["Bcc"] is None
    assert message["To"] == "alice@example.com"


def test_a_name_with_markup_is_text_in_the_page(posted: World, mailbox: Mailbox) -> None:
    posted.person("alice")
    with posted.data():
        posted.user("alice").name = "<img src=x onerror=alert(1)>"
    with posted.data():
        write(posted)
    posted.deliver()
    assert "<img src=x" not in mailbox.messages[0].get_body(("html",)).get_content()


def test_without_a_mail_server_the_login_goes_on_and_the_mail_waits(posted: World) -> None:
    posted.person("alice")
    assert posted.link_and_wait("alice").page.path == "/account/recovery-codes"
    row = waiting(posted)
    assert row.sent_at is None
    assert row.attempts == 1
    assert "ConnectionRefusedError" in row.last_error


def test_it_is_tried_again_after_a_minute_doubling_to_an_hour(posted: World) -> None:
    posted.person("alice")
    with posted.data():
        write(posted)
    waits = []
    for _ in range(9):
        posted.deliver()
        waits.append((waiting(posted).next_attempt_at - posted.clock()).total_seconds() / 60)
        posted.clock.moment = waiting(posted).next_attempt_at
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_when_the_server_is_back_the_mail_leaves(posted: World, mailbox: Mailbox) -> None:
    posted.person("alice")
    mailbox.answer = "451 try again later"
    with posted.data():
        write(posted)
    assert posted.deliver() == 0
    mailbox.answer = "250 OK"
    assert posted.deliver() == 0
    posted.clock.advance(minutes=1)
    assert posted.deliver() == 1
    assert len(mailbox.messages) == 1


def test_after_three_days_it_is_given_up(posted: World) -> None:
    posted.person("alice")
    with posted.data():
        write(posted)
    posted.clock.advance(days=3, seconds=1)
    posted.deliver()
    assert waiting(posted).next_attempt_at is None
    with posted.data():
        assert outbox.waiting() == 0


def test_one_mail_that_fails_does_not_hold_up_the_next(posted: World, mailbox: Mailbox) -> None:
    posted.person("alice")
    with posted.data():
        write(posted)
        db.session.flush()
        db.session.scalars(select(OutboxMail)).one().sealed_context = "v1:gone:AAAA"
        write(posted, Mail.REMOVED)
    assert posted.deliver() == 1
    assert len(mailbox.messages) == 1


@both_databases
def test_a_mail_that_one_worker_has_taken_is_not_sent_by_another(world: World) -> None:
    world.person("alice")
    with world.data():
        write(world)
    with world.app.app_context():
        assert delivery.claim(now=world.clock()) is not None
        assert delivery.claim(now=world.clock()) is None
        world.clock.advance(minutes=16)
        assert delivery.claim(now=world.clock()) is not None


def test_a_mail_of_a_node_that_died_after_sending_it_is_sent_again_as_the_same(
    posted: World, mailbox: Mailbox
) -> None:
    posted.person("alice")
    with posted.data():
        write(posted)
    with posted.data():
        claimed = delivery.claim(now=posted.clock())
        assert claimed is not None
        first = part_of(posted.app, MailDelivery).compose(claimed)
    posted.clock.advance(minutes=17)
    assert posted.deliver() == 1
    (again,) = mailbox.messages
    assert again["Message-ID"] == first["Message-ID"]


def test_a_dead_mail_server_never_delays_an_answer(environment: dict[str, str]) -> None:
    """The server takes the connection and never says a word; the login is answered all the same."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with served_site({**environment, "MFA_SMTP_URL": url}) as site:
            world = World.of(site, RealClock(), address="127.0.0.1")
            world.person("alice")
            assert world.link("alice").page.path == "/account/recovery-codes"
            with silent.accept()[0]:
                assert (waiting(world).sent_at, waiting(world).last_error) == (None, None)
            wait_until(lambda: waiting(world).last_error is not None)


def test_the_right_address_gets_the_mail_when_it_is_changed(world: World) -> None:
    world.person("alice")
    with world.data():
        user = db.session.scalars(select(User)).one()
        outbox.enqueue(
            Mail.ADDRESS_CHANGED, user, now=world.clock(), to="old@example.com", new_address=user.email
        )
    assert world.mails("old@example.com") == ["address_changed"]
    assert world.mails("alice") == []
