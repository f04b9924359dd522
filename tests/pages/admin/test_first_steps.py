"""The first steps on the overview: what is done is seen from what there is, and the list goes by itself."""

from pathlib import Path

import pytest
from sqlalchemy import delete

from mfa_app.core.mail import delivery, outbox
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.operations import backup
from mfa_app.extensions import db
from mfa_app.models import OutboxMail
from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.statements import cost
from tests.support.stories import carol_at_work
from tests.support.world import TERMINAL, World

EMAILS, BACKUP = "Emails reach people", "The database is backed up"


@pytest.fixture
def environment(environment: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a site without a contact; and with those that a test adds."""
    return {**environment, "MFA_ADMIN_EMAIL": "", **getattr(request, "param", {})}


with_mail_server = pytest.mark.parametrize(
    "environment", [{"MFA_SMTP_URL": "smtp://127.0.0.1:9"}], indirect=True
)


@pytest.fixture
def carol(world: World) -> Visitor:
    return world.after(carol_at_work)


def done(carol: Visitor) -> list[str]:
    """Return the titles of the steps that are done."""
    items = carol.open("/admin").html.select("[aria-labelledby=first-steps] li")
    titles = [item.select_one(".item-title") for item in items]
    texts = [" ".join(title.get_text(" ").split()) for title in titles if title]
    return [text.removesuffix(" Done") for text in texts if text.endswith(" Done")]


@both_databases
def test_each_step_is_done_when_there_is_what_it_asks_for(world: World, carol: Visitor) -> None:
    assert done(carol) == []
    carol.open("/admin/site")
    carol.press("Save", help_url="https://help.example.com")
    assert done(carol) == ["People know whom to ask"]
    world.group("Finance")
    assert done(carol)[-1] == "There is a group"
    world.person("erin", role="admin")
    assert done(carol)[-1] == "There is a second administrator"
    assert "There are people" not in done(carol)
    world.person("alice")
    assert "There are people" in done(carol)
    assert "4 of 6 done" in carol.open("/admin").text
    carol.press("We make backups")
    assert done(carol)[-1] == BACKUP
    assert "Backups: none → made with other programs" in carol.open("/admin/trail").text


def test_a_backup_by_our_program_is_seen(world: World, carol: Visitor, tmp_path: Path) -> None:
    assert BACKUP not in done(carol)
    with world.data():
        backup.make(tmp_path / "copy.sqlite3", actor=TERMINAL)
    assert BACKUP in done(carol)


def leave(world: World, kind: Mail) -> None:
    """Let the emails of a kind leave that wait."""
    with world.data():
        for mail in OutboxMail.query.filter_by(template=kind.value, sent_at=None):
            delivery.mark_sent(mail, now=world.clock())


@with_mail_server
def test_emails_work_when_a_test_email_has_left_or_a_later_one(world: World, carol: Visitor) -> None:
    leave(world, Mail.LINKED)  # as files, before there was a mail server
    assert EMAILS not in done(carol)
    carol.open("/admin/site")
    carol.press("Send me a test email")
    assert EMAILS not in done(carol)
    leave(world, Mail.TEST)
    assert EMAILS in done(carol)
    world.clock.advance(minutes=1)
    with world.data():
        db.session.execute(delete(OutboxMail).where(OutboxMail.template == Mail.TEST.value))
    assert EMAILS not in done(carol)
    with world.data():
        outbox.enqueue(Mail.LINKED, world.user("carol"), now=world.clock())
    leave(world, Mail.LINKED)
    assert EMAILS in done(carol)


def test_the_list_can_be_put_away_and_then_costs_nothing(world: World, carol: Visitor) -> None:
    before = cost(world, carol, "/admin")
    carol.press("Hide this list")
    assert "First steps" not in carol.open("/admin").text
    assert "List of first steps: none → hidden" in carol.open("/admin/trail").text
    assert len(cost(world, carol, "/admin")) == len(before) - 1


def test_dave_of_the_help_desk_can_put_nothing_away(world: World, carol: Visitor) -> None:
    world.linked_earlier("dave")
    dave = world.log_in_and_wait("dave")
    for path in ("put-away", "backups"):
        dave.open("/")
        assert dave.submit(f"/admin/first-steps/{path}").status == 403
    assert "First steps" in carol.open("/admin").text
