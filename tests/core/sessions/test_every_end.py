"""Every end of a session, a remembered device or a one-time link has its row on the trail, and only one."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from mfa_app.core.audit import search
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.operations import housekeeping
from mfa_app.core.sessions import sessions
from mfa_app.core.users import accounts, first_administrator, invitations
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, AuthSession, OneTimeLink, RememberedDevice, User
from mfa_app.wording.events import event_line
from tests.support.databases import both_databases
from tests.support.stories import alice_at_the_code_page, alice_logged_in
from tests.support.world import TERMINAL, VISITOR, World

ENDS = ("sessions.ended", "devices.forgotten", "links.ended")


def ends(world: World) -> list[tuple[str, str, object, object]]:
    """Return the ends on the trail: event, whose, how many and why."""
    with world.data():
        rows = select(AuditEvent).where(AuditEvent.event.in_(ENDS)).order_by(AuditEvent.id)
        return [
            (row.event, row.subject_name.partition("@")[0], row.details["count"], row.details["because"])
            for row in db.session.scalars(rows)
        ]


def purge(world: World) -> None:
    with world.data():
        housekeeping.purge_expired(now=world.clock())


def test_a_login_over_another_session_ends_that(world: World) -> None:
    alice = world.after(alice_logged_in)
    world.person("bob")
    alice.open("/account")
    alice.post("/login", email="bob@example.com", password="seven quiet lanterns by the river")
    assert ends(world) == [("sessions.ended", "alice", 1, "logged in again")]
    assert world.count(AuthSession) == 1


def test_a_session_that_got_no_code_in_time_ends(world: World) -> None:
    alice = world.after(alice_at_the_code_page)
    world.clock.advance(minutes=10)
    assert alice.open("/login/code").path == "/login"
    assert ends(world)[-1] == ("sessions.ended", "alice", 1, "no code in time")


@both_databases
def test_sessions_that_nobody_uses_end_after_an_hour(world: World) -> None:
    world.people("alice", "bob")
    first, _second, bob = (world.password_given(name) for name in ("alice", "alice", "bob"))
    world.clock.advance(minutes=59)
    assert bob.open("/").path == "/"
    world.clock.advance(minutes=1)
    purge(world)
    assert ends(world) == [("sessions.ended", "alice", 2, "idle")]
    assert world.count(AuthSession) == 1
    assert first.open("/").path == "/login"
    purge(world)
    assert len(ends(world)) == 1


def test_sessions_end_after_twelve_hours_however_much_they_are_used(world: World) -> None:
    alice = world.after(alice_logged_in)
    for _ in range(12):
        world.clock.advance(minutes=59)
        alice.open("/")
    world.clock.advance(minutes=12)
    purge(world)
    assert ends(world) == [("sessions.ended", "alice", 1, "expired")]


@both_databases
def test_what_has_expired_ends_by_user_as_the_site_itself_says(world: World) -> None:
    world.person("alice", password=None)
    with world.data():
        user, now = world.user("alice"), world.clock()
        remembered_devices.remember(user, days=1, actor=VISITOR, now=now)
        invitations.invite(user, actor=TERMINAL, now=now)
        first_administrator.create_setup_link(actor=TERMINAL, now=now)
    world.clock.advance(days=7)
    purge(world)
    assert sorted(ends(world)) == [
        ("devices.forgotten", "alice", 1, "expired"),
        ("links.ended", "", 1, "expired"),
        ("links.ended", "alice", 1, "expired"),
    ]
    with world.data():
        assert event_line(search.latest(1)[0].row).by == "The site itself"


def test_more_ends_than_fit_into_one_transaction_are_all_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    world.person("alice")
    with world.data():
        for _ in range(5):
            sessions.start(world.user("alice"), actor=VISITOR, now=world.clock())
    world.clock.advance(hours=1)
    purge(world)
    assert [count for _event, _who, count, _why in ends(world)] == [2, 2, 1]


def test_what_a_revocation_had_made_worthless_does_not_end_again(world: World) -> None:
    world.person("alice")
    with world.data():
        sessions.start(world.user("alice"), actor=VISITOR, now=world.clock())
        db.session.execute(update(User).values(security_stamp=User.security_stamp + 1))
    world.clock.advance(hours=12)
    purge(world)
    assert (ends(world), world.count(AuthSession)) == ([], 0)


def test_the_end_of_all_access_names_the_links_too(world: World) -> None:
    world.person("alice")
    with world.data():
        for _ in range(2):
            one_time_links.create(Purpose.PASSWORD_RESET, world.user("alice"), now=world.clock())
    with world.data():
        accounts.end_access(world.user("alice"), actor=TERMINAL)
    assert ends(world) == [("links.ended", "alice", 2, "logged out everywhere")]
    assert world.count(OneTimeLink) == 0


def invite(world: World) -> None:
    invitations.invite(world.user("alice"), actor=TERMINAL, now=world.clock())


def make_setup_link(world: World) -> None:
    first_administrator.create_setup_link(actor=TERMINAL, now=world.clock())


@pytest.mark.parametrize(("act", "whose"), [(invite, "alice"), (make_setup_link, "")])
def test_a_link_that_is_replaced_has_ended(world: World, act: Callable[[World], None], whose: str) -> None:
    world.person("alice", password=None)
    for _ in range(2):
        with world.data():
            act(world)
    assert ends(world) == [("links.ended", whose, 1, "replaced")]


def test_a_device_that_is_replaced_has_ended(world: World) -> None:
    world.person("alice")
    with world.data():
        user, now = world.user("alice"), world.clock()
        _secret, before = remembered_devices.remember(user, days=30, actor=VISITOR, now=now)
        later = now + timedelta(days=1)
        remembered_devices.remember(user, days=30, actor=VISITOR, now=later, replaces=before)
    assert ends(world) == [("devices.forgotten", "alice", 1, "replaced")]
    assert world.count(RememberedDevice) == 1
