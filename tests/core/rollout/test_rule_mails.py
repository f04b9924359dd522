"""The mails of a roll-out: each once, in the morning, with the person's own deadline, and only while true."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from mfa_app.core.mail.outbox import Mail
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.rollout import rule_mails
from mfa_app.extensions import db
from mfa_app.models import MailPass, Membership, OutboxMail, User
from tests.support.databases import both_databases
from tests.support.statements import statements
from tests.support.world import World

MONDAY = datetime(2026, 3, 16, tzinfo=UTC)  # two weeks after the clock begins


def at(world: World, day: int, hour: int = 8) -> None:
    """Move the clock to an hour of a day of March."""
    world.clock.advance(seconds=(datetime(2026, 3, day, hour, tzinfo=UTC) - world.clock()).total_seconds())


def work(world: World) -> int:
    with world.data():
        return rule_mails.go_on(now=world.clock())


def change(world: World, name: str, **values: object) -> None:
    with world.data():
        db.session.execute(update(User).where(User.id == world.user(name).id).values(**values))


@both_databases
def test_a_rule_from_monday_is_told_of_four_times_with_each_persons_own_deadline(world: World) -> None:
    world.group("Finance")
    world.people("alice", "bob", "eve", groups_=("Finance",))
    world.person("frank")
    for name, joined in (("alice", 1), ("bob", 8), ("eve", 1)):
        with world.data():
            of_user = Membership.user_id == world.user(name).id
            joined_at = datetime(2026, 3, joined, 12, tzinfo=UTC)
            db.session.execute(update(Membership).where(of_user).values(joined_at=joined_at))
    change(world, "eve", link_by=datetime(2026, 4, 1, tzinfo=UTC))
    world.require("Finance", required_from=MONDAY, grace_days=14)

    assert work(world) == 3 and world.deliver() == 3
    assert work(world) == 0, "told once"
    at(world, 12)
    assert work(world) == 0, "not yet three days before"
    at(world, 13)
    assert work(world) == 3 and world.deliver() == 3
    assert "by 1 April 2026" in world.words_of_last_mail(), "the date of eve's own"
    at(world, 16)
    assert work(world) == 3 and world.deliver() == 3
    at(world, 21)
    assert work(world) == 0
    at(world, 22)
    assert work(world) == 1 and world.deliver() == 1
    assert "by 22 March 2026, 12:00" in world.words_of_last_mail()
    at(world, 31)
    assert work(world) == 1 and world.deliver() == 1

    steps = ["rule_announced", "rule_soon", "rule_starts"]
    assert sorted(world.mails("alice")) == sorted(steps)
    assert sorted(world.mails("bob")) == sorted([*steps, "last_day"])
    assert sorted(world.mails("eve")) == sorted([*steps, "last_day"])
    assert world.mails("frank") == []


@pytest.mark.parametrize(("hour", "mails"), [(6, 0), (7, 1), (19, 1), (20, 0)])
def test_mails_are_queued_by_day(world: World, hour: int, mails: int) -> None:
    world.person("alice")
    world.require(None, required_from=MONDAY)
    at(world, 3, hour)
    assert work(world) == mails


@both_databases
def test_a_rule_for_at_once_is_told_of_once(world: World) -> None:
    world.people("alice", "bob")
    world.require(None)
    assert work(world) == 2 and world.deliver() == 2
    assert "at your next login" in world.words_of_last_mail()
    world.require(None, False)
    world.require(None)
    assert work(world) == 0, "on the same day that is nothing new"
    at(world, 5)
    assert work(world) == 0


def test_a_rule_that_has_been_in_force_for_long_is_not_told_of(world: World) -> None:
    world.person("alice")
    world.require(None)
    world.clock.advance(days=3)
    assert work(world) == 0


@pytest.mark.parametrize("begins", [MONDAY, None])
def test_who_need_not_link_or_gets_no_mail_is_not_told(world: World, begins: datetime | None) -> None:
    world.people("alice", "bob", "eve")
    world.person("grace", password=None)
    world.linked("frank")
    world.people("carol", "dave")
    now = world.clock()
    change(world, "alice", disabled_at=now)
    change(world, "bob", exempt_until=now + timedelta(days=30))
    change(world, "eve", email_refused_at=now)
    world.require(None, required_from=begins)
    assert work(world) == 0


def test_who_must_link_already_hears_nothing_of_a_rule_that_comes(world: World) -> None:
    world.group("Finance")
    world.person("alice", groups_=("Finance",))
    world.require(None)
    world.clock.advance(days=3)
    world.require("Finance", required_from=MONDAY)
    assert work(world) == 0


def switch_off(world: World) -> None:
    world.require("Finance", False)


def move_the_date(world: World) -> None:
    world.require("Finance", required_from=MONDAY + timedelta(days=7))


def begin_the_next_step(world: World) -> None:
    at(world, 14)


def exempt(world: World) -> None:
    change(world, "alice", exempt_until=MONDAY)


def leave_the_group(world: World) -> None:
    world.require(None, required_from=MONDAY)
    with world.data():
        db.session.execute(delete(Membership).where(Membership.user_id == world.user("alice").id))


@pytest.mark.parametrize(
    "meanwhile", [switch_off, move_the_date, begin_the_next_step, exempt, leave_the_group]
)
def test_what_is_no_longer_true_does_not_leave(world: World, meanwhile) -> None:
    world.group("Finance")
    world.person("alice", groups_=("Finance",))
    world.require("Finance", required_from=MONDAY)
    assert work(world) == 1
    meanwhile(world)
    assert world.deliver() == 0
    assert world.count(OutboxMail) == 0


def test_a_date_that_was_moved_is_told_of_anew(world: World) -> None:
    world.person("alice")
    world.require(None, required_from=MONDAY)
    assert work(world) == 1
    world.require(None, required_from=MONDAY + timedelta(days=7))
    assert work(world) == 1 and world.deliver() == 1
    assert "From Monday 23 March 2026" in world.words_of_last_mail()


def test_a_deadline_that_was_moved_is_the_one_that_the_mail_names(world: World) -> None:
    world.person("alice")
    world.require(None, required_from=MONDAY)
    assert work(world) == 1
    change(world, "alice", link_by=datetime(2026, 4, 1, tzinfo=UTC))
    assert world.deliver() == 1
    assert "by 1 April 2026" in world.words_of_last_mail()


def test_a_last_day_that_was_moved_is_not_told(world: World) -> None:
    world.person("alice")
    world.require(None, required_from=MONDAY)
    change(world, "alice", link_by=datetime(2026, 3, 20, 18, tzinfo=UTC))
    at(world, 20)
    assert work(world) == 1
    change(world, "alice", link_by=datetime(2026, 4, 1, tzinfo=UTC))
    assert world.deliver() == 0


def test_grace_of_the_rule_for_everyone_ends_with_a_mail(world: World) -> None:
    world.person("alice")
    world.require(None, grace_days=14)
    at(world, 15)
    assert work(world) == 0
    at(world, 16)
    assert work(world) == 1 and world.deliver() == 1
    assert world.mails("alice") == [Mail.LAST_DAY]


@both_databases
def test_a_pass_that_is_cut_short_goes_on_and_tells_nobody_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_mails, "BATCH", 2)
    world.people(*(f"person{number}" for number in range(5)))
    world.require(None, required_from=MONDAY)
    with world.data():
        now = world.clock()
        (due,) = rule_mails._due_of_rules(now)
        assert rule_mails._next_batch(due, now) == 2
    assert work(world) == 3
    with world.data():
        db.session.execute(delete(MailPass))  # as if two had begun at once
    assert work(world) == 0
    assert world.count(OutboxMail) == 5


@both_databases
def test_people_are_looked_for_before_the_lock_is_taken(world: World) -> None:
    world.people("alice", "bob")
    world.require(None, grace_days=14)
    at(world, 16)
    with statements(world) as sent:
        assert work(world) == 2
    locks = [number for number, statement in enumerate(sent) if statement.startswith("UPDATE site_policy")]
    looks = [number for number, statement in enumerate(sent) if "FROM user_account" in statement]
    assert "user_account.created_at >" in sent[looks[0]], "whose time ends today"
    assert looks[0] < locks[0] and not any("LIMIT" in sent[look] for look in looks if look > locks[0])


@both_databases
def test_whom_another_process_has_told_meanwhile_is_not_looked_at_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_mails, "BATCH", 1)
    world.people("alice", "bob", "eve")
    world.require(None, required_from=MONDAY)
    find, found = rule_mails._people, list[list[int]]()

    def people(due: rule_mails.Due, after: int, now: datetime) -> list[int]:
        found.append(mine := find(due, after, now))
        if len(found) == 1:  # another process comes in between
            assert rule_mails._next_batch(due, now) == 1
        return mine

    monkeypatch.setattr(rule_mails, "_people", people)
    assert work(world) == 2 and world.count(OutboxMail) == 3
    assert len({*map(tuple, found)}) == 4, "alice, bob, eve, and nobody"


def test_a_batch_that_fails_is_told_by_the_next_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.people("alice", "bob")
    world.require(None, required_from=MONDAY)
    with monkeypatch.context() as broken, pytest.raises(RuntimeError), world.data():
        broken.setattr(db.session, "commit", fail)
        rule_mails.go_on(now=world.clock())
    assert world.count(OutboxMail) == 0
    assert work(world) == 2


OFF, AT_ONCE, FROM_MONDAY = RuleValues(False), RuleValues(True), RuleValues(True, MONDAY)


MAILS = (
    (OFF, FROM_MONDAY, 2, 9, [2, 13, 16]),
    (OFF, FROM_MONDAY, 2, 20, [3, 13, 16]),
    (OFF, FROM_MONDAY, 12, 21, [13, 16]),
    (OFF, FROM_MONDAY, 14, 9, [14, 16]),
    (OFF, AT_ONCE, 2, 9, [2]),
    (OFF, FROM_MONDAY, 18, 9, [18]),
    (AT_ONCE, FROM_MONDAY, 2, 9, [2, 13, 16]),
    (FROM_MONDAY, AT_ONCE, 18, 9, []),
    (FROM_MONDAY, replace(FROM_MONDAY, grace_days=7), 2, 9, []),
    (FROM_MONDAY, OFF, 2, 9, []),
    (AT_ONCE, replace(AT_ONCE, passkey_only=True), 2, 9, [2]),
    (FROM_MONDAY, replace(FROM_MONDAY, passkey_only=True), 2, 9, [13, 16]),
)


def test_a_preview_knows_the_days_of_the_mails(world: World) -> None:
    with world.data():
        for before, after, day, hour, told in MAILS:
            now = datetime(2026, 3, day, hour, tzinfo=UTC)
            days = [one.day for one in rule_mails.announcements(before, after, now=now)]
            assert days == told, (before, after, day, hour)


EXAMPLES = (
    (OFF, FROM_MONDAY, 2, 9, Mail.RULE_ANNOUNCED),
    (OFF, FROM_MONDAY, 12, 19, Mail.RULE_ANNOUNCED),
    (OFF, FROM_MONDAY, 12, 21, Mail.RULE_SOON),  # leaves on the next morning
    (OFF, FROM_MONDAY, 14, 9, Mail.RULE_SOON),
    (OFF, FROM_MONDAY, 15, 21, Mail.RULE_STARTS),
    (OFF, FROM_MONDAY, 18, 9, Mail.RULE_STARTS),
    (OFF, AT_ONCE, 2, 9, Mail.RULE_STARTS),
    (FROM_MONDAY, replace(FROM_MONDAY, passkey_only=True), 2, 9, Mail.RULE_SOON),
    (FROM_MONDAY, replace(FROM_MONDAY, grace_days=7), 2, 9, Mail.RULE_ANNOUNCED),
)


def test_a_preview_shows_the_first_mail_that_people_get(world: World) -> None:
    with world.data():
        for before, after, day, hour, mail in EXAMPLES:
            now = datetime(2026, 3, day, hour, tzinfo=UTC)
            told = rule_mails.announcements(before, after, now=now)
            found, said = rule_mails.example(after, told, now=now)
            assert found is mail, (before, after, day, hour)
            assert (said["link_by"] is None) == (mail is Mail.RULE_STARTS)


def fail() -> None:
    raise RuntimeError
