"""What the mails of a rule say: an administrator's own paragraph, and of passkeys where only these count."""

from datetime import UTC, datetime
from email import message_from_string, policy

import pytest
from sqlalchemy import delete

from mfa_app.core.mail.outbox import Mail
from mfa_app.core.policy import rules
from mfa_app.core.rollout import reminders, rule_mails
from mfa_app.extensions import db
from mfa_app.models import Authenticator, OutboxMail
from tests.support.databases import both_databases
from tests.support.passkey_rows import passkey_of
from tests.support.world import TERMINAL, World

MONDAY = datetime(2026, 3, 16, tzinfo=UTC)  # two weeks after the clock begins

OWN = 'Ask Petra & co. <b>or</b> {{ 7 * 7 }} "now" \n-- \n'


def work(world: World) -> int:
    with world.data():
        return rule_mails.go_on(now=world.clock())


def reword(world: World, group: str | None, text: str) -> None:
    with world.data():
        scope = world.group_row(group) if group else None
        values, now = rules.values_of(scope), world.clock()
        rules.set_rule(scope, values, mail_text=text, actor=TERMINAL, now=now)


def last_html(world: World) -> str:
    body = message_from_string(world.last_mail(), policy=policy.default).get_body(("html",))
    return str(body.get_content()) if body else ""


def with_app_and_with_passkey(world: World) -> None:
    """Let bob of Finance have an app, and frank a passkey too."""
    world.group("Finance")
    world.linked_earlier("bob", groups_=("Finance",))
    world.linked_earlier("frank", groups_=("Finance",))
    with world.data():
        db.session.add(passkey_of(world.user("frank").id, world.clock()))
        db.session.execute(delete(OutboxMail))


def test_own_words_stand_in_every_mail_of_the_rule_as_plain_text(world: World) -> None:
    world.group("Finance")
    world.person("alice", groups_=("Finance",))
    world.require("Finance", required_from=MONDAY)
    reword(world, "Finance", OWN.strip())
    for day in (2, 13, 16):
        world.clock.advance(seconds=(datetime(2026, 3, day, 9, tzinfo=UTC) - world.clock()).total_seconds())
        assert work(world) == 1 and world.deliver() == 1
        assert 'Ask Petra & co. <b>or</b> {{ 7 * 7 }} "now"' in world.words_of_last_mail()
        assert "Ask Petra &amp; co. &lt;b&gt;or&lt;/b&gt; {{ 7 * 7 }}" in last_html(world)


def test_words_are_those_at_the_time_the_mail_leaves(world: World) -> None:
    world.person("alice")
    world.require(None, required_from=MONDAY)
    reword(world, None, "Old words.")
    assert work(world) == 1
    reword(world, None, "New words.")
    assert world.deliver() == 1
    assert "New words." in world.words_of_last_mail() and "Old words." not in world.words_of_last_mail()
    assert world.details("policy.changed")["before"]["mail_text"] == "Old words."


@both_databases
def test_a_reminder_and_the_last_day_have_the_words_of_the_rule_that_asks(world: World) -> None:
    world.group("Finance", required=True, grace_days=7)
    world.group("Sales")
    world.person("alice", groups_=("Finance", "Sales"))
    reword(world, "Finance", "Keys are on floor 2.")
    reword(world, "Sales", "Not this.")
    reword(world, None, "Nor this.")
    with world.data():
        reminders.remind([world.user("alice")], actor=TERMINAL, now=world.clock())
    world.deliver()
    assert "Keys are on floor 2." in world.words_of_last_mail()
    world.clock.advance(days=6, hours=23)
    assert work(world) == 1 and world.deliver() == 1
    assert world.mails("alice") == [Mail.REMINDER, Mail.LAST_DAY]
    words = world.words_of_last_mail()
    assert "Keys are on floor 2." in words and "this." not in words.replace("need your phone for this.", "")


@both_databases
def test_who_has_an_app_and_no_passkey_is_told_of_a_rule_for_passkeys(world: World) -> None:
    with_app_and_with_passkey(world)
    world.person("alice", groups_=("Finance",))
    world.require("Finance", required_from=MONDAY, passkey_only=True)
    assert work(world) == 2 and world.deliver() == 2
    assert (world.mails("bob"), world.mails("frank")) == ([Mail.RULE_ANNOUNCED], [])
    words = " ".join(world.words_of_last_mail().split())
    assert "Codes from an authentication app no longer count then." in words
    assert "Add a passkey by 16 March 2026" in words and "Link an" not in words
    world.clock.advance(days=14)
    assert work(world) == 2 and world.deliver() == 2
    assert "You haven't added a passkey yet" in " ".join(world.words_of_last_mail().split())


@both_databases
def test_a_rule_in_force_that_wants_passkeys_from_now_on_is_told_of(world: World) -> None:
    with_app_and_with_passkey(world)
    world.require("Finance")
    world.clock.advance(days=5)
    assert work(world) == 0
    world.require("Finance", passkey_only=True, grace_days=14)
    assert work(world) == 1 and world.deliver() == 1
    assert world.mails("bob") == [Mail.RULE_STARTS]
    assert "now needs a passkey" in world.last_mail()
    assert work(world) == 0


@pytest.mark.parametrize("meanwhile", ["adds a passkey", "codes count again"])
def test_who_needs_no_passkey_any_more_gets_no_mail(world: World, meanwhile: str) -> None:
    with_app_and_with_passkey(world)
    world.require("Finance", required_from=MONDAY, passkey_only=True)
    assert work(world) == 1
    if meanwhile == "adds a passkey":
        with world.data():
            db.session.add(passkey_of(world.user("bob").id, world.clock()))
    else:
        world.require("Finance", required_from=MONDAY)
    assert world.deliver() == 0


@both_databases
def test_the_last_day_to_add_a_passkey_is_told(world: World) -> None:
    with_app_and_with_passkey(world)
    world.require("Finance", passkey_only=True)
    with world.data():
        world.user("bob").link_by = datetime(2026, 3, 20, 18, tzinfo=UTC)
    world.clock.advance(days=18)
    assert work(world) == 1 and world.deliver() == 1
    assert world.mails("bob") == [Mail.LAST_DAY]
    assert "opens without a passkey" in " ".join(world.words_of_last_mail().split())


def test_a_rule_that_codes_satisfy_tells_nobody_with_an_app(world: World) -> None:
    with_app_and_with_passkey(world)
    world.group("Vault", required=True, required_from=MONDAY, passkey_only=True)
    world.require("Finance", required_from=MONDAY)
    assert work(world) == 0
    assert world.count(Authenticator) == 2


def test_administrators_with_an_app_hear_of_passkeys_too(world: World) -> None:
    world.linked_earlier("carol")
    world.require(None, required_from=MONDAY, passkey_only=True)
    assert work(world) == 1
