"""Reminders: once a day, only to those who must link, and only while that is true."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from mfa_app.core.common.errors import NothingToRemind
from mfa_app.core.mail.outbox import Mail
from mfa_app.core.rollout import reminders
from mfa_app.core.rollout.reminders import Reminded
from mfa_app.extensions import db
from mfa_app.models import OutboxMail, User
from tests.support.databases import both_databases
from tests.support.world import TERMINAL, World


def remind(world: World, *names: str) -> Reminded:
    with world.data():
        users = [world.user(name) for name in names]
        return reminders.remind(users, actor=TERMINAL, now=world.clock())


def queued(world: World) -> int:
    return world.count(OutboxMail, OutboxMail.template == Mail.REMINDER)


@both_databases
def test_nobody_is_reminded_twice_a_day(world: World) -> None:
    world.person("alice")
    world.require(None)
    assert remind(world, "alice") == Reminded(1)
    with pytest.raises(NothingToRemind):
        remind(world, "alice")
    assert queued(world) == 1
    world.clock.advance(days=1)
    assert remind(world, "alice") == Reminded(1)


def test_who_need_not_link_or_gets_no_mail_is_not_reminded(world: World) -> None:
    world.people("alice", "bob", "eve")
    world.linked("frank")
    world.require(None)
    now = world.clock()
    with world.data():
        for name, values in (
            ("alice", {"disabled_at": now}),
            ("bob", {"exempt_until": now + timedelta(days=1)}),
            ("eve", {"email_refused_at": now}),
        ):
            db.session.execute(update(User).where(User.id == world.user(name).id).values(**values))
    with pytest.raises(NothingToRemind):
        remind(world, "alice", "bob", "eve", "frank")
    assert queued(world) == 0


def test_who_has_no_password_gets_the_invitation_again(world: World) -> None:
    world.person("alice", password=None)
    world.require(None)
    assert remind(world, "alice") == Reminded(0, 1)
    assert world.count(OutboxMail, OutboxMail.template == Mail.INVITATION) == 1


@both_databases
def test_many_are_left_to_a_job_which_tells_each_once(world: World) -> None:
    world.people(*(f"person{number}" for number in range(51)))
    world.require(None)
    with world.data():
        assert reminders.remind_all(None, actor=TERMINAL, now=world.clock()).later
    with world.data(), pytest.raises(NothingToRemind):
        reminders.remind_all(None, actor=TERMINAL, now=world.clock())
    with world.data():
        assert reminders.go_on(now=world.clock()) == 51
        assert reminders.go_on(now=world.clock()) == 0
    assert queued(world) == 51


def test_a_reminder_that_is_no_longer_true_does_not_leave(world: World) -> None:
    world.person("alice")
    world.require(None)
    remind(world, "alice")
    world.require(None, False)
    assert world.deliver() == 0
    assert queued(world) == 0


def test_a_reminder_names_the_deadline_as_it_is_when_it_leaves(world: World) -> None:
    world.person("alice")
    now = world.clock()
    world.require(None, required_from=now + timedelta(days=3))
    remind(world, "alice")
    later = now + timedelta(days=40)
    world.require(None, required_from=later)
    world.deliver()
    assert f"by {later:%-d %B %Y}" in world.words_of_last_mail()
