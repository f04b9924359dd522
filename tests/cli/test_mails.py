"""`second-gate mails ...`: emails that could not be sent, at the terminal."""

import json

from sqlalchemy import select

from mfa_app.core.mail import outbox
from mfa_app.core.mail.outbox import Mail
from mfa_app.extensions import db
from mfa_app.models import OutboxMail
from tests.support.refusals.administration import failed_mail
from tests.support.terminal import Typist, done
from tests.support.world import World


def test_failed_emails_are_listed_and_tried_again(world: World, typed: Typist) -> None:
    assert done(typed("mails", "list")) == "No email has failed.\n"
    world.person("alice")
    with world.data():
        failed_mail(world, "alice")
    _head, row = done(typed("mails", "list")).splitlines()
    assert row.startswith("alice@example.com  Reminder to link an app  2026-03-02 09:00 UTC  -")
    assert row.endswith("550 5.1.1 no such user")
    assert json.loads(done(typed("mails", "list", "--json"))) == [
        {
            "to": "alice@example.com",
            "mail": "reminder",
            "written_at": "2026-03-02T09:00:00+00:00",
            "next_attempt_at": None,
            "answer": "550 5.1.1 no such user",
        }
    ]
    none = "There is no email to try again.\n"
    assert done(typed("mails", "try-again", "--to", "bob@example.com")) == none
    assert world.events().count("mails.tried_again") == 0
    assert done(typed("mails", "try-again")) == "1 email is on its way again.\n"
    assert done(typed("mails", "try-again")) == none


def test_those_to_one_address_are_tried_again_alone(world: World, typed: Typist) -> None:
    for name in ("alice", "bob"):
        world.person(name)
        with world.data():
            failed_mail(world, name)
    said = done(typed("mails", "try-again", "--to", "Alice@Example.com"))
    assert said == "1 email is on its way again.\n"
    assert world.events("alice")[-1] == "mails.tried_again"
    assert done(typed("mails", "list")).splitlines()[1].startswith("bob@example.com")


def test_a_command_sends_its_own_emails_and_leaves_those_that_wait(world: World, typed: Typist) -> None:
    world.person("alice")
    with world.data():
        outbox.enqueue(Mail.REMINDER, world.user("alice"), now=world.clock())
        assert outbox.waiting() == 1
    done(typed("users", "list"))
    done(typed("users", "add", "bob@example.com"))
    with world.data():
        waiting = select(OutboxMail.to, OutboxMail.template).where(OutboxMail.sent_at.is_(None))
        assert db.session.execute(waiting).all() == [("alice@example.com", Mail.REMINDER)]
