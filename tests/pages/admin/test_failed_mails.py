"""The emails that could not be sent: which, why, whom they were for, and trying them again."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from mfa_app.core.helpdesk import scopes
from mfa_app.core.mail import delivery, outbox
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.operations import housekeeping
from mfa_app.extensions import db
from mfa_app.models import OutboxMail
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.mail_server import Mailbox, free_port, running_mail_server
from tests.support.world import TERMINAL, World

EMAILS = "/admin/emails"
ANSWER = "550 5.1.1 no such user"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mail_server(free_port()) as box:
        yield box


@pytest.fixture
def environment(environment: dict[str, str], mailbox: Mailbox) -> dict[str, str]:
    return {**environment, "MFA_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}"}


def at_work(world: World, name: str) -> Visitor:
    """Return the browser of somebody whom all emails have reached."""
    visitor = world.at_work(name)
    world.deliver()
    return visitor


def refuse(world: World, mailbox: Mailbox, name: str, mail: Mail = Mail.PASSKEY_REMOVED) -> str:
    """Let the mail server refuse an email to somebody; return its id."""
    mailbox.answer_to_recipient = ANSWER
    with world.data():
        outbox.notify(
            mail, world.user(name), actor=TERMINAL, now=world.clock(), passkey="Key", left=0, required=False
        )
    world.deliver()
    mailbox.answer_to_recipient = "250 OK"
    with world.data():
        newest = select(OutboxMail).where(OutboxMail.to == f"{name}@example.com")
        return db.session.scalars(newest.order_by(OutboxMail.created_at.desc()).limit(1)).one().id


def give_up(world: World, name: str, answer: str) -> None:
    """Let the site give up an email to somebody, because the mail server has been away for three days."""
    world.clock.advance(seconds=1)  # it is the newest, also on a clock that stands
    with world.data():
        outbox.notify(
            Mail.PASSKEY_REMOVED,
            world.user(name),
            actor=TERMINAL,
            now=world.clock(),
            passkey="Key",
            left=0,
            required=False,
        )
        db.session.flush()
        newest = select(OutboxMail).where(
            OutboxMail.to == f"{name}@example.com", OutboxMail.sent_at.is_(None)
        )
        mail = db.session.scalars(newest.order_by(OutboxMail.created_at.desc()).limit(1)).one()
        delivery.mark_failed(mail, answer, now=world.clock() + delivery.GIVE_UP_AFTER * 2)


def names(page: Page) -> list[str]:
    return [link.get_text() for link in page.html.select("tbody td:first-child > a")]


@both_databases
def test_one_click_from_the_overview_says_what_failed_and_why(world: World, mailbox: Mailbox) -> None:
    carol = at_work(world, "carol")
    assert "could not be sent" not in carol.open("/admin").text
    world.person("alice")
    refuse(world, mailbox, "alice")
    world.clock.advance(minutes=1)
    give_up(world, "alice", "ConnectionRefusedError: 111")
    page = carol.open("/admin")
    assert "2 emails could not be sent." in page.text
    page = carol.follow("Show which")
    first, second = page.html.select("tbody tr")
    assert "ConnectionRefusedError: 111" in first.get_text()
    for words in ("Alice", "alice@example.com", "Passkey removed", ANSWER, "2 Mar 2026", "none"):
        assert words in second.get_text(), words


def test_an_email_that_is_tried_again_arrives(world: World, mailbox: Mailbox) -> None:
    carol = at_work(world, "carol")
    world.person("alice")
    refuse(world, mailbox, "alice")
    world.clock.advance(minutes=1)
    carol.open(EMAILS)
    page = carol.press("Try again alice@example.com")
    assert "The email to alice@example.com is on its way again." in page.text
    assert world.details("mails.tried_again") == {"count": 1, "mail": "passkey_removed"}
    world.deliver()
    assert mailbox.messages[-1]["To"] == "alice@example.com"
    assert "No email has failed" in carol.open(EMAILS).text
    assert "Emails don't reach" not in carol.open(f"/admin/people/{world.id_of('alice')}").text


def test_an_administrator_tries_an_email_to_themselves_again(world: World, mailbox: Mailbox) -> None:
    carol = at_work(world, "carol")
    refuse(world, mailbox, "carol")
    world.clock.advance(minutes=1)
    carol.open(EMAILS)
    page = carol.press("Try again carol@example.com")
    assert "The email to carol@example.com is on its way again." in page.text
    assert world.events("carol")[-1] == "mails.tried_again"


@both_databases
def test_all_that_were_given_up_are_tried_again_by_one_press(world: World, mailbox: Mailbox) -> None:
    carol = at_work(world, "carol")
    for name in ("alice", "bob"):
        world.person(name)
        give_up(world, name, "ConnectionRefusedError: 111")
    carol.open(EMAILS)
    assert "2 emails are on their way again." in carol.press("Try again all that failed for good").text
    assert world.details("mails.tried_again") == {"count": 2, "mail": ""}
    world.deliver()
    assert {message["To"] for message in mailbox.messages[-2:]} == {"alice@example.com", "bob@example.com"}


def test_an_email_of_a_server_that_stays_away_is_given_up_again(world: World, mailbox: Mailbox) -> None:
    carol = at_work(world, "carol")
    world.person("alice")
    refuse(world, mailbox, "alice")
    carol.open(EMAILS)
    mailbox.answer_to_recipient = ANSWER
    carol.press("Try again alice@example.com")
    world.deliver()
    assert ANSWER in carol.open(EMAILS).text
    assert world.count(OutboxMail, OutboxMail.next_attempt_at.is_not(None)) == 0


@both_databases
def test_the_help_desk_sees_and_tries_those_of_its_people_alone(world: World, mailbox: Mailbox) -> None:
    """Attack 116: an email to somebody outside the scope is as if there were none."""
    world.group("Finance")
    world.person("alice", groups_=("Finance",))
    for name in ("bob", "carol"):
        world.person(name)
    dave = at_work(world, "dave")
    ids = {name: refuse(world, mailbox, name) for name in ("alice", "bob", "carol")}
    assert sorted(names(dave.open(EMAILS))) == ["Alice", "Bob"]
    with world.data():
        scopes.limit(world.user("dave"), [world.group_row("Finance")], actor=TERMINAL)
    page = dave.open(EMAILS)
    assert names(page) == ["Alice"]
    assert "Try all again" not in page.text
    for name in ("bob", "carol"):
        assert dave.post(f"{EMAILS}/{ids[name]}/try-again").status == 404
    assert dave.post(f"{EMAILS}/{'0' * 32}/try-again").status == 404
    assert dave.post(f"{EMAILS}/try-again").status == 403
    assert "mails.tried_again" not in world.events()
    dave.open(EMAILS)
    assert "is on its way again" in dave.press("Try again alice@example.com").text
    assert world.events("alice")[-1] == "mails.tried_again"


@both_databases
def test_a_long_list_has_pages(world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mfa_app.core.mail.failed.PAGE", 2)
    carol = at_work(world, "carol")
    people = ["alice", "bob", "eve"]
    for name in people:
        world.person(name)
        refuse(world, mailbox, name)
    page = carol.open(EMAILS)
    seen = names(page)
    seen += names(carol.follow("Next"))
    assert sorted(seen) == ["Alice", "Bob", "Eve"]
    before_all_time, zone = "0001-01-01T00:00:00%2B01:00_x", "%2B00:00"
    no_ids = (f"2026-03-02T09:00:00{zone}_{row_id}" for row_id in ("", "%C3%A9", "%20"))
    for key in ("", "x", "2026-03-02_", "2026-03-02T09:00:00_x", before_all_time, *no_ids):
        assert len(names(carol.open(f"{EMAILS}?after={key}"))) == 2, key


@both_databases
def test_what_nobody_will_get_is_deleted_after_thirty_days(world: World, mailbox: Mailbox) -> None:
    world.person("alice")
    refuse(world, mailbox, "alice")
    give_up(world, "alice", "ConnectionRefusedError: 111")
    world.clock.advance(days=29, hours=23)
    with world.data():
        housekeeping.purge_expired(now=world.clock())
    assert world.count(OutboxMail) == 2
    world.clock.advance(hours=1)
    with world.data():
        housekeeping.purge_expired(now=world.clock())
    assert world.count(OutboxMail) == 0


def test_an_email_that_waits_for_its_first_attempt_has_not_failed(world: World) -> None:
    carol = at_work(world, "carol")
    world.person("alice")
    with world.data():
        outbox.enqueue(Mail.REMINDER, world.user("alice"), now=world.clock())
    assert "No email has failed" in carol.open(EMAILS).text
