"""The mails before an exemption ends: once for each last day, and none that is not true any more."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from mfa_app.core.common import days
from mfa_app.core.policy import overrides
from mfa_app.core.users import accounts, exemption_ends
from mfa_app.models import Role
from tests.support.databases import both_databases
from tests.support.statements import statements
from tests.support.stories import carol_at_work
from tests.support.world import TERMINAL, World

LAST_DAY = date(2026, 3, 22)  # 20 days after the first day of every test


def exempt(world: World, name: str, last_day: date = LAST_DAY) -> None:
    with world.data():
        until = days.end_of(last_day)
        overrides.exempt(
            world.user(name), until=until, reason="no phone here", actor=TERMINAL, now=world.clock()
        )


def exempt_and_tell(world: World, name: str, last_day: date = LAST_DAY) -> None:
    """Let the mail leave that says so."""
    exempt(world, name, last_day)
    assert world.deliver() == 1


def tell(world: World) -> int:
    with world.data():
        return exemption_ends.tell_before_end(now=world.clock())


@both_databases
def test_the_person_is_told_once_a_week_before_and_again_when_the_end_has_changed(world: World) -> None:
    world.people("alice", "bob", password=None)
    world.require(None)
    exempt(world, "alice")
    begun = world.clock()

    def told_on(day: int) -> int:
        world.clock.moment = begun + timedelta(days=day)
        return tell(world) + tell(world)

    assert [told_on(day) for day in (0, 13, 14, 15)] == [0, 0, 1, 0]
    world.clock.moment = begun + timedelta(days=16)
    exempt(world, "alice", LAST_DAY + timedelta(days=10))
    assert [told_on(day) for day in (16, 23, 24, 25)] == [0, 0, 1, 0]
    assert world.mails("alice") == ["exemption_given", "exemption_ends"] * 2
    assert "exemption_ends" not in world.mails("bob")


def test_an_exemption_for_a_few_days_is_told_of_once(world: World) -> None:
    world.person("alice", password=None)
    exempt(world, "alice", world.clock().date() + timedelta(days=6))
    assert (tell(world), world.mails("alice")) == (0, ["exemption_given"])
    exempt(world, "alice", world.clock().date() + timedelta(days=5))  # sooner
    assert (tell(world), world.mails("alice")) == (0, ["exemption_given"] * 2)
    assert world.deliver() == 1  # the first is not true any more


def test_another_reason_alone_is_not_told_again(world: World) -> None:
    world.person("alice", password=None)
    exempt(world, "alice")
    with world.data():
        until = days.end_of(LAST_DAY)
        overrides.exempt(
            world.user("alice"), until=until, reason="another", actor=TERMINAL, now=world.clock()
        )
    assert world.mails("alice") == ["exemption_given"]


@both_databases
def test_who_is_not_exempt_any_more_is_told_once_what_holds_now(world: World) -> None:
    world.people("alice", "bob", "erin", password=None)
    world.require(None)
    for name in ("alice", "bob", "erin"):
        exempt_and_tell(world, name)
    with world.data():
        world.user("erin").role = Role.HELPDESK  # as in a database of before, where promotion left it
        world.user("bob").disabled_at = world.clock()
    told = []
    world.clock.advance(days=20)
    for hours in (14, 1, 1, 1, 23, 24, 8):
        with world.data():
            told.append(exemption_ends.tell_after_end(now=world.clock()))
        world.clock.advance(hours=hours)
    assert told == [0, 0, 1, 0, 0, 0, 0]  # at midnight
    assert world.deliver() == 1
    assert "Your exemption from 2-factor authentication has ended" in world.last_mail()
    words = " ".join(world.words_of_last_mail().split())
    assert "From now on, you must link an authentication app or add a passkey" in words


def last_day_over(world: World, name: str) -> None:
    world.user(name).ends_at = world.clock()


def locked(world: World, name: str) -> None:
    world.user(name).account_locked_at = world.clock()


CLOSED = pytest.mark.parametrize("close", [last_day_over, locked])


@CLOSED
@both_databases
def test_who_cannot_get_in_is_told_of_no_end(world: World, close: Callable[[World, str], None]) -> None:
    world.people("alice", "bob", password=None)
    world.require(None)
    for name in ("alice", "bob"):
        exempt_and_tell(world, name)
    with world.data():
        close(world, "alice")
    world.clock.advance(days=16)
    assert tell(world) == 1
    world.clock.advance(days=4, hours=16)
    with world.data():
        assert exemption_ends.tell_after_end(now=world.clock()) == 1
    assert world.mails("alice") == ["exemption_given"]
    assert world.mails("bob") == ["exemption_given", "exemption_ends", "exemption_over"]


@CLOSED
def test_a_mail_of_an_end_does_not_leave_for_who_cannot_get_in_any_more(
    world: World, close: Callable[[World, str], None]
) -> None:
    world.person("alice", password=None)
    world.require(None)
    exempt_and_tell(world, "alice")
    world.clock.advance(days=16)
    assert tell(world) == 1
    with world.data():
        close(world, "alice")
    assert world.deliver() == 0
    with world.data():
        world.user("alice").ends_at = world.user("alice").account_locked_at = None
    world.clock.advance(days=4, hours=16)
    with world.data():
        assert exemption_ends.tell_after_end(now=world.clock()) == 1
        close(world, "alice")
    assert world.deliver() == 0


def test_a_job_that_finds_nobody_to_tell_writes_nothing(world: World) -> None:
    world.person("alice", password=None)
    exempt(world, "alice")
    world.clock.advance(days=16)
    assert tell(world) == 1
    with statements(world) as sent:
        assert tell(world) == 0
    assert sent and not [each for each in sent if each.startswith(("INSERT", "UPDATE", "DELETE"))]


def test_what_ended_days_before_the_job_could_run_is_not_told_any_more(world: World) -> None:
    world.person("alice", password=None)
    exempt(world, "alice")
    world.clock.advance(days=22)
    with world.data():
        assert exemption_ends.tell_after_end(now=world.clock()) == 0


@pytest.mark.parametrize(
    "end",
    [
        lambda world: overrides.end_exemption(world.user("alice"), actor=TERMINAL, now=world.clock()),
        lambda world: overrides.set_requirement(world.user("alice"), True, actor=TERMINAL, now=world.clock()),
    ],
    ids=["ended", "required"],
)
def test_who_ends_an_exemption_tells_of_it_at_once(world: World, end: Callable[[World], None]) -> None:
    world.people("alice", "bob", password=None)
    for name in ("alice", "bob"):
        exempt_and_tell(world, name)
    with world.data():
        end(world)
        overrides.end_exemption(world.user("bob"), actor=TERMINAL, now=world.clock())
    exempt(world, "bob")
    assert world.deliver() == 2  # to alice that it has ended, to bob that he is exempt
    assert world.mails("alice")[-1] == "exemption_over"
    world.clock.advance(days=21)
    with world.data():
        assert exemption_ends.tell_after_end(now=world.clock()) == 1  # to bob


def test_a_promotion_is_told_by_its_own_mail_alone(world: World) -> None:
    world.person("alice")
    exempt_and_tell(world, "alice")
    with world.data():
        accounts.change_role(world.user("alice"), Role.HELPDESK, actor=TERMINAL, now=world.clock())
    assert world.deliver() == 1
    assert "Set up your app or passkey" in world.last_mail()


def test_since_when_somebody_is_exempt_stays_when_it_is_prolonged(world: World) -> None:
    world.person("alice", password=None)
    begun = world.clock()
    exempt(world, "alice")
    world.clock.advance(days=3)
    exempt(world, "alice", LAST_DAY + timedelta(days=1))
    with world.data():
        assert world.user("alice").exempt_since == begun
    world.clock.advance(days=20)
    exempt(world, "alice", LAST_DAY + timedelta(days=30))
    with world.data():
        assert world.user("alice").exempt_since == world.clock()
        overrides.end_exemption(world.user("alice"), actor=TERMINAL, now=world.clock())
        assert world.user("alice").exempt_since is None


def test_the_mail_says_until_when_and_what_comes_then(world: World) -> None:
    world.person("alice", password=None)
    world.require(None)
    exempt_and_tell(world, "alice")
    world.clock.advance(days=15)
    assert (tell(world), world.deliver()) == (1, 1)
    words = " ".join(world.words_of_last_mail().split())
    assert "You're exempt until the end of 22 March 2026: until then you log in with your" in words
    assert "you must link an authentication app or add a passkey before you can go on." in words


def test_a_mail_that_is_not_true_any_more_does_not_leave(world: World) -> None:
    world.people("alice", "bob", "erin", password=None)
    for name in ("alice", "bob", "erin"):
        exempt_and_tell(world, name)
    world.clock.advance(days=15)
    assert tell(world) == 3
    with world.data():
        overrides.end_exemption(world.user("alice"), actor=TERMINAL, now=world.clock())
        accounts.disable(world.user("erin"), actor=TERMINAL, now=world.clock())
    exempt(world, "bob", LAST_DAY + timedelta(days=30))
    assert world.deliver() == 2  # to alice that it has ended, to bob that it is longer
    assert sorted(mail for name in ("alice", "bob") for mail in world.mails(name)[-1:]) == [
        "exemption_given",
        "exemption_over",
    ]


def test_who_is_not_exempt_or_disabled_is_not_told(world: World) -> None:
    world.people("alice", "bob", "erin", password=None)
    for name in ("alice", "bob", "erin"):
        exempt(world, name)
    world.clock.advance(days=15)
    with world.data():
        overrides.end_exemption(world.user("alice"), actor=TERMINAL, now=world.clock())
        accounts.disable(world.user("bob"), actor=TERMINAL, now=world.clock())
        world.user("erin").role = Role.HELPDESK  # as in a database of before, where promotion left it
    assert tell(world) == 0


def test_the_administrator_who_gave_them_gets_one_mail_for_all_that_end_on_a_day(world: World) -> None:
    carol = world.after(carol_at_work)
    world.people("alice", "bob", password=None)
    for name in ("alice", "bob"):
        carol.open(f"/admin/people/{world.id_of(name)}/policy")
        carol.press("Exempt this person", until=LAST_DAY.isoformat(), reason="no phone here")
    world.clock.advance(days=14)
    assert (tell(world), tell(world)) == (3, 0)
    assert world.mails("carol").count("exemptions_end") == 1


def test_who_gave_it_is_not_told_a_few_days_later_or_when_no_administrator_any_more(world: World) -> None:
    carol = world.after(carol_at_work)
    world.linked("erin", role=Role.ADMIN)
    world.people("alice", "bob", password=None)
    for name, days_ahead in (("alice", 3), ("bob", 20)):
        last_day = (world.clock() + timedelta(days=days_ahead)).date()
        carol.open(f"/admin/people/{world.id_of(name)}/policy")
        carol.press("Exempt this person", until=last_day.isoformat(), reason="no phone here")
    assert tell(world) == 0  # alice was told when it was given
    with world.data():
        accounts.disable(world.user("carol"), actor=TERMINAL, now=world.clock())
    world.clock.advance(days=14)
    assert tell(world) == 1
    assert "exemptions_end" not in world.mails("carol")
