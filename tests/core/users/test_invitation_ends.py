"""The mail of the day before an invitation expires: once, with a link that works, and only while true."""

from datetime import timedelta

import pytest

from mfa_app.core.mail import delivery
from mfa_app.core.passwords import change
from mfa_app.core.users import accounts, invitation_ends, invitations
from mfa_app.extensions import db
from mfa_app.models import Invitation, OneTimeLink
from tests.support.databases import both_databases
from tests.support.statements import statements
from tests.support.world import TERMINAL, World

NEW = "eleven slow trams across the bridge"

REMINDED = ["invitation", "invitation_ends"]


def invite(world: World, *names: str) -> None:
    with world.data():
        users = [world.user(name) for name in names]
        invitations.invite_many(users, actor=TERMINAL, now=world.clock())


def tell(world: World) -> int:
    with world.data():
        return invitation_ends.tell_before_end(now=world.clock())


@both_databases
def test_each_is_reminded_once_on_the_last_day_also_after_a_new_invitation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitation_ends, "BATCH", 2)
    names = [f"person{number}" for number in range(5)]
    world.people(*names, password=None)
    invite(world, *names)
    told = []
    for _day in range(8):
        told.append(tell(world) + tell(world))
        world.clock.advance(days=1)
    assert told == [0] * 6 + [5, 0]
    assert world.mails("person3") == REMINDED
    invite(world, "person3")
    world.clock.advance(days=6)
    assert (tell(world), tell(world)) == (1, 0)
    assert world.mails("person3") == REMINDED * 2


def invited_and_reminded(world: World) -> tuple[str, str]:
    """Return the links of both mails to dora, on the last day of her invitation."""
    world.person("dora", password=None)
    with world.data():
        first = "/link/" + invitations.invite(world.user("dora"), actor=TERMINAL, now=world.clock())
        assert delivery.deliver_due() == 1
    world.clock.advance(days=6, hours=1)
    assert (tell(world), world.deliver()) == (1, 1)
    return first, world.link_in_last_mail()


def test_both_links_work_until_the_same_moment(world: World) -> None:
    links = invited_and_reminded(world)
    assert "Your invitation to Second Gate expires on 9 March 2026" in world.last_mail()
    assert "You haven't chosen a password yet." in " ".join(world.words_of_last_mail().split())
    for hours, status in ((22, 200), (1, 410)):
        world.clock.advance(hours=hours)
        assert {world.visitor().open(link).status for link in links} == {status}


@pytest.mark.parametrize("number", [0, 1])
def test_both_links_end_when_one_is_used(world: World, number: int) -> None:
    links = invited_and_reminded(world)
    dora = world.visitor()
    dora.open(links[number])
    assert dora.press("Save password", password=NEW).title == "Welcome, Dora"
    assert {world.visitor().open(link).title for link in links} == {"This link no longer works"}
    assert world.count(OneTimeLink, OneTimeLink.user_id == world.id_of("dora")) == 0


def test_nobody_is_reminded_of_what_does_not_work_any_more(world: World) -> None:
    names = ("chosen", "disabled", "ended", "refused", "expired")
    world.people(*names, password=None)
    invite(world, *names)
    world.clock.advance(days=6)
    with world.data():
        change.set_from_terminal(world.user("chosen"), NEW, actor=TERMINAL, now=world.clock())
        accounts.disable(world.user("disabled"), actor=TERMINAL, now=world.clock())
        accounts.end_access(world.user("ended"), actor=TERMINAL)
        world.user("refused").email_refused_at = world.clock()
        db.session.get_one(Invitation, world.user("expired").id).expires_at = world.clock()
    assert tell(world) == 0


def test_nobody_whose_last_day_is_over_is_invited_or_looked_at_again(world: World) -> None:
    world.people("dora", "frank", password=None)
    invite(world, "dora")
    with world.data():
        world.user("dora").ends_at = world.user("frank").ends_at = world.clock()
    invite(world, "dora", "frank")
    assert (world.mails("dora"), world.mails("frank")) == (["invitation"], [])
    world.clock.advance(days=6)
    with statements(world) as sent:
        assert tell(world) == 0
    assert len(sent) == 1  # nobody's row is read and locked


def test_a_reminder_that_is_not_true_any_more_does_not_leave(world: World) -> None:
    names = ("chosen", "disabled", "again", "late")
    world.people(*names, password=None)
    invite(world, *names)
    assert world.deliver() == 4
    world.clock.advance(days=6)
    assert tell(world) == 4
    with world.data():
        change.set_from_terminal(world.user("chosen"), NEW, actor=TERMINAL, now=world.clock())
        accounts.disable(world.user("disabled"), actor=TERMINAL, now=world.clock())
        invitations.invite(world.user("again"), actor=TERMINAL, now=world.clock())
    world.clock.advance(days=1, minutes=-1)
    with world.data():
        db.session.get_one(Invitation, world.user("late").id).expires_at -= timedelta(minutes=1)
    assert world.deliver() == 1  # the new invitation alone
    assert world.mails("again")[-1] == "invitation"
