"""Talking to mail servers: addresses on the wire, patience, logging in, and what a refusal is about."""

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from mfa_app.core.common.errors import InvalidEmail
from mfa_app.core.mail import delivery, outbox, smtp, wire
from mfa_app.core.mail.delivery import MailDelivery
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.mail.smtp import IN_BACKGROUND, Patience
from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import db
from mfa_app.models import OutboxMail
from mfa_app.settings import SettingError, Settings, load_settings
from tests.support.databases import both_databases
from tests.support.mail_server import Mailbox, free_port, running_mail_server
from tests.support.profiles import edit
from tests.support.site_parts import part_of
from tests.support.world import TERMINAL, World

IMPATIENT = Patience(timedelta(milliseconds=100))


@pytest.fixture
def posted(posting: Callable[..., World]) -> World:
    """A site at login.bücher.example whose mails leave over SMTP."""
    return posting(
        MFA_PUBLIC_URL="https://login.b\u00fccher.example",
        MFA_TRUSTED_PROXY_HOPS="1",
        MFA_MAIL_FROM="gate@b\u00fccher.example",
    )


def written_to(world: World, email: str) -> None:
    """Let a mail to a new person wait."""
    with world.data():
        profile = Profile(email, "Anna")
        user = accounts.create(profile, groups=[], password=None, actor=TERMINAL, now=world.clock())
        outbox.enqueue(Mail.LINKED, user, now=world.clock())


def settings(environment: dict[str, str], **given: str) -> Settings:
    return load_settings({**environment, **{f"MFA_{name}": value for name, value in given.items()}})


def test_domains_are_in_ascii_in_the_envelope_and_in_the_head(posted: World, mailbox: Mailbox) -> None:
    written_to(posted, "anna@stra\u00dfe.example")
    assert posted.deliver() == 1
    assert mailbox.envelopes == [("gate@xn--bcher-kva.example", ["anna@xn--strae-oqa.example"])]
    (message,) = mailbox.messages
    assert str(message["To"]) == "anna@xn--strae-oqa.example"
    assert message["From"].addresses[0].addr_spec == "gate@xn--bcher-kva.example"
    assert message["Message-ID"].endswith("@login.xn--bcher-kva.example>")


def test_the_site_greets_with_its_public_name(posted: World, mailbox: Mailbox) -> None:
    written_to(posted, "anna@example.com")
    posted.deliver()
    assert mailbox.greetings == ["login.xn--bcher-kva.example"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "203.0.113.7"])
def test_a_site_without_a_name_greets_with_the_machines(host: str) -> None:
    assert wire.greeting_name(host) is None


@pytest.mark.parametrize(
    "name", ["Firma", "Z\u00fcrich, Gate", 'The "Gate" <eve@example.org>', "=?utf-8?q?x?="]
)
def test_the_sender_is_the_same_mailbox_under_any_name_of_the_site(
    posted: World, mailbox: Mailbox, name: str
) -> None:
    written_to(posted, "anna@example.com")
    with posted.app.app_context():
        waiting = db.session.scalars(select(OutboxMail)).one()
        composer = part_of(posted.app, MailDelivery).compose.__self__  # type: ignore[attr-defined]
        composer._settings = composer._settings.model_copy(update={"site_name": name})
        sender = composer.compose(waiting)["From"]
    assert [one.addr_spec for one in sender.addresses] == ["gate@xn--bcher-kva.example"]


def test_letters_outside_ascii_before_the_at_sign_go_to_servers_that_take_them(
    posted: World, port: int
) -> None:
    with running_mail_server(port, smtputf8=True) as box:
        written_to(posted, "j\u00f6rg@b\u00fccher.example")
        assert posted.deliver() == 1
    assert box.envelopes[0][1] == ["j\u00f6rg@xn--bcher-kva.example"]
    assert str(box.messages[0]["To"]) == "j\u00f6rg@xn--bcher-kva.example"


def test_for_a_server_that_does_not_take_them_that_is_final(posted: World, mailbox: Mailbox) -> None:
    written_to(posted, "j\u00f6rg@example.com")
    assert posted.deliver() == 0
    assert posted.count(OutboxMail, OutboxMail.next_attempt_at.is_not(None)) == 0
    with posted.data():
        assert "SMTPUTF8" in posted.user("j\u00f6rg").email_refusal


ENCODED = [
    "=?us-ascii?q?bob?=@example.com",
    "=?utf-8?q?victim=40evil.example=2c=20x?=@example.com",
    "a=?utf-8?b?Ym9i?=@example.com",
]


@pytest.mark.parametrize("email", ENCODED)
def test_an_encoded_word_is_no_address_on_any_way_in(environment: dict[str, str], email: str) -> None:
    with pytest.raises(InvalidEmail):
        accounts.email_addresses.parse(email)
    for name in ("MAIL_FROM", "HELP_EMAIL", "ADMIN_EMAIL"):
        with pytest.raises(SettingError, match=name):
            settings(environment, **{name: email})


@pytest.mark.parametrize("email", ENCODED)
def test_an_encoded_word_that_is_stored_already_gets_no_mail(
    posted: World, mailbox: Mailbox, email: str
) -> None:
    written_to(posted, "anna@example.com")
    with posted.data():
        db.session.scalars(select(OutboxMail)).one().to = email
    assert posted.deliver() == 0
    assert mailbox.envelopes == []


@pytest.mark.parametrize("email", ["j\u00f6rg@example.com", "nobody", "a@@b.de"])
def test_a_sender_that_cannot_send_is_refused_at_the_start(environment: dict[str, str], email: str) -> None:
    with pytest.raises(SettingError, match="MFA_MAIL_FROM must"):
        settings(environment, MAIL_FROM=email)


@pytest.mark.parametrize(
    "password",
    ["gr\u00fcn", "\u5bc6\u7801", "plain"],
)
@pytest.mark.parametrize("mechanisms", [(), ("AUTH LOGIN",)])
def test_names_and_passwords_outside_ascii_log_in(
    environment: dict[str, str], mailbox: Mailbox, password: str, mechanisms: tuple[str, ...]
) -> None:
    mailbox.login = ("g\u00e4te", password)
    mailbox.mechanisms = mechanisms
    address = f"smtp://g%C3%A4te:{password}@127.0.0.1:{mailbox.port}"
    with smtp.mail_server(settings(environment, SMTP_URL=address)) as server:
        assert server.noop()[0] == 250


def test_a_mail_server_may_take_minutes_for_each_answer(
    environment: dict[str, str], mailbox: Mailbox
) -> None:
    with smtp.mail_server(settings(environment, SMTP_URL=f"smtp://127.0.0.1:{mailbox.port}")) as server:
        assert server.sock is not None
        assert server.sock.gettimeout() == 300
    assert IN_BACKGROUND.accepting >= timedelta(minutes=10)  # RFC 5321, 4.5.3.2.6


def test_a_silent_server_ends_the_patience(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with (
            pytest.raises(OSError, match="timed out"),
            smtp.mail_server(settings(environment, SMTP_URL=address), IMPATIENT),
        ):
            pass


def test_a_server_that_never_comes_to_the_end_does_not_outlast_the_claim(environment: dict[str, str]) -> None:
    """It answers each question with another line of a reply that never ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        endless = threading.Thread(target=talk_without_end, args=(server,), daemon=True)
        endless.start()
        address = f"smtp://127.0.0.1:{server.getsockname()[1]}"
        with (
            pytest.raises(OSError, match="timed out"),
            smtp.mail_server(settings(environment, SMTP_URL=address), IMPATIENT) as client,
        ):
            while True:
                client.noop()
        endless.join()


def talk_without_end(server: socket.socket) -> None:
    """Answer every line until the other side leaves."""
    connection, _address = server.accept()
    with connection, connection.makefile("rwb") as talk:
        line = b"HELO"
        while line:
            talk.write(b"220 go on\r\n" if line == b"HELO" else b"250 go on\r\n")
            try:
                talk.flush()
                line = talk.readline()
            except OSError:
                return


def test_a_claim_outlasts_the_longest_conversation(world: World) -> None:
    world.person("alice")
    with world.data():
        outbox.enqueue(Mail.LINKED, world.user("alice"), now=world.clock())
    with world.app.app_context():
        assert delivery.claim(now=world.clock()) is not None
        world.clock.advance(seconds=IN_BACKGROUND.whole.total_seconds())
        assert delivery.claim(now=world.clock()) is None


@both_databases
def test_no_connection_to_the_database_is_held_while_the_mail_server_takes_its_time(
    world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    class Watching(Mailbox):
        async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
            held.append(engine.pool.checkedout())  # type: ignore[attr-defined]
            return "250 OK"

    port = free_port()
    given = world.settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}"})
    world.person("alice")
    with world.data():
        outbox.enqueue(Mail.LINKED, world.user("alice"), now=world.clock())
    with world.app.app_context(), running_mail_server(port, inside=Watching(port)):
        engine = db.engine
        mine = MailDelivery(given, part_of(world.app, MailDelivery).compose)
        assert mine.deliver_due() == 1
    assert held == [0]


def test_a_farewell_that_goes_wrong_does_not_send_a_mail_twice(posted: World, mailbox: Mailbox) -> None:
    mailbox.answer_to_quit = "500 no"
    written_to(posted, "anna@example.com")
    assert posted.deliver() == 1


def test_a_ca_in_ssl_cert_file_is_trusted(
    environment: dict[str, str], own_certificate: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    encrypted = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    encrypted.load_cert_chain(own_certificate)
    given = settings(environment, SMTP_URL=f"smtp+starttls://127.0.0.1:{port}")
    with running_mail_server(port, encrypted=encrypted):
        with pytest.raises(ssl.SSLCertVerificationError), smtp.mail_server(given):
            pass
        monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate))
        with smtp.mail_server(given) as server:
            assert server.noop()[0] == 250


OF_THE_RECIPIENT = [
    "550 5.1.1 no such user",
    "550 no such user here",
    "553 5.1.3 bad address",
    "550 5.2.1 mailbox disabled",
    "550 5.4.1 recipient address rejected: access denied",
]
OF_THE_SITE = [
    "554 5.7.1 relay access denied",
    "550 relay not permitted",
    "530 5.7.0 authentication required",
    "550 5.1.8 sender rejected",
    "503 bad sequence",
    "452 too many recipients",
]


@both_databases
@pytest.mark.parametrize("answer", OF_THE_RECIPIENT)
def test_a_recipient_refused_for_good_is_tried_no_more_and_told_at_the_person(
    world: World, mailbox: Mailbox, answer: str
) -> None:
    mailbox.answer_to_recipient = answer
    world.person("alice")
    assert deliver_through(world, mailbox) == 0
    with world.data():
        failed = db.session.scalars(select(OutboxMail)).one()
        assert (failed.next_attempt_at, failed.sent_at, failed.last_error) == (None, None, answer)
        alice = world.user("alice")
        assert (alice.email_refused_at, alice.email_refusal) == (world.clock(), answer)


@pytest.mark.parametrize("answer", OF_THE_SITE)
def test_a_refusal_that_is_about_the_site_is_tried_again_and_stands_at_nobody(
    world: World, mailbox: Mailbox, answer: str
) -> None:
    mailbox.answer_to_recipient = answer
    world.person("alice")
    assert deliver_through(world, mailbox) == 0
    with world.data():
        waiting = db.session.scalars(select(OutboxMail)).one()
        assert waiting.next_attempt_at is not None
        assert (waiting.last_error, waiting.recipient_refused) == (answer, False)
        assert world.user("alice").email_refused_at is None


def test_a_recipient_refused_for_now_is_tried_for_three_days(world: World, mailbox: Mailbox) -> None:
    mailbox.answer_to_recipient = "450 4.2.1 try later"
    world.person("alice")
    deliver_through(world, mailbox)
    with world.data():
        waiting = db.session.scalars(select(OutboxMail)).one()
        assert (waiting.last_error, waiting.recipient_refused) == ("450 4.2.1 try later", True)
        assert world.user("alice").email_refused_at is None
    world.clock.advance(days=3, seconds=1)
    deliver_through(world, mailbox, write=False)
    assert world.count(OutboxMail, OutboxMail.next_attempt_at.is_not(None)) == 0
    with world.data():
        assert world.user("alice").email_refusal == "450 4.2.1 try later"


@pytest.mark.parametrize(("answer", "final"), [("550 5.1.1 no such user", True), ("554 5.6.0 spam", False)])
def test_after_the_contents_only_what_names_the_mailbox_is_about_the_recipient(
    world: World, mailbox: Mailbox, answer: str, final: bool
) -> None:
    mailbox.answer = answer
    world.person("alice")
    deliver_through(world, mailbox)
    assert world.count(OutboxMail, OutboxMail.next_attempt_at.is_not(None)) == (0 if final else 1)


@both_databases
def test_a_mail_that_arrives_or_another_address_ends_what_was_told(world: World, mailbox: Mailbox) -> None:
    world.person("alice")
    mailbox.answer_to_recipient = "550 5.1.1 no such user"
    deliver_through(world, mailbox)
    mailbox.answer_to_recipient = "250 OK"
    assert deliver_through(world, mailbox) == 1
    with world.data():
        assert (world.user("alice").email_refused_at, world.user("alice").email_refusal) == (None, None)
    mailbox.answer_to_recipient = "550 5.1.1 no such user"
    deliver_through(world, mailbox)
    with world.data():
        alice = world.user("alice")
        assert alice.email_refused_at is not None
        edit(alice, email="alicia@example.com", actor=TERMINAL, now=world.clock())
        assert (alice.email_refused_at, alice.email_refusal) == (None, None)


def test_a_refused_old_address_says_nothing_about_the_new_one(world: World, mailbox: Mailbox) -> None:
    world.person("alice")
    mailbox.answer_to_recipient = "550 5.1.1 no such user"
    with world.data():
        alice = world.user("alice")
        edit(alice, email="alicia@example.com", actor=TERMINAL, now=world.clock())
    deliver_through(world, mailbox, write=False)
    assert world.count(OutboxMail, OutboxMail.next_attempt_at.is_not(None)) == 0
    with world.data():
        assert world.user("alicia").email_refused_at is None


def deliver_through(world: World, mailbox: Mailbox, *, write: bool = True) -> int:
    """Deliver what is due, after a new mail to Alice, through this mail server."""
    address = f"smtp://127.0.0.1:{mailbox.port}"
    given = world.settings.model_copy(update={"smtp_url": address})
    if write:
        with world.data():
            outbox.enqueue(Mail.LINKED, world.user("alice"), now=world.clock())
    with world.app.app_context():
        return MailDelivery(given, part_of(world.app, MailDelivery).compose).deliver_due()
