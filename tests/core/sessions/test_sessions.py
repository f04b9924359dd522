"""Sessions are rows keyed by a digest, with a new token at each step up; what is revoked is dead at once."""

import re
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import select, update

from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import SessionEnded
from mfa_app.core.factors.apps import App
from mfa_app.core.policy import subject_facts
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions import sessions
from mfa_app.extensions import db
from mfa_app.models import AuthSession, User
from tests.support.databases import both_databases
from tests.support.world import World

pytestmark = both_databases
VISITOR = Actor("visitor", ip_address="192.0.2.1", user_agent="Firefox")


@pytest.fixture
def token(world: World) -> str:
    """The token of alice's session, which has shown the password."""
    world.person("alice")
    with world.data():
        return sessions.start(world.user("alice"), actor=VISITOR, now=world.clock())[0]


def found(world: World, token: str) -> sessions.Identity | None:
    with world.data():
        return sessions.find(token, now=world.clock())


def test_a_session_is_found_by_its_token(world: World, token: str) -> None:
    identity = found(world, token)
    assert identity.user.email == "alice@example.com"
    assert identity.decision.verdict is Verdict.ALLOW
    assert identity.session.amr == "pwd"


def test_a_token_has_256_random_bits_and_the_row_its_digest(world: World, token: str) -> None:
    assert re.fullmatch("[A-Za-z0-9_-]{43}", token)
    with world.data():
        assert db.session.scalars(select(AuthSession.digest)).one() == sha256(token.encode()).hexdigest()


@pytest.mark.parametrize("other", ["", "x", "\ud800", "\x00", "' OR 1=1", "A" * 10**5])
def test_any_other_token_is_nobodys(world: World, token: str, other: str) -> None:
    assert found(world, other) is None
    assert found(world, token[:-1]) is None


@pytest.mark.parametrize(
    ("later", "alive"),
    [
        (timedelta(minutes=59, seconds=59), True),
        (timedelta(minutes=60), False),
        (timedelta(seconds=-59), True),
        (timedelta(seconds=-61), False),
        (timedelta(days=-1), False),
    ],
)
def test_an_idle_session_lives_an_hour_of_a_clock_that_goes_forward(
    world: World, token: str, later: timedelta, alive: bool
) -> None:
    world.clock.moment += later
    assert (found(world, token) is not None) == alive


def test_twelve_hours_are_the_end_even_if_the_row_says_otherwise(world: World, token: str) -> None:
    world.clock.advance(hours=12)
    with world.data():
        later = world.clock() + timedelta(days=9)
        db.session.execute(update(AuthSession).values(last_seen_at=world.clock(), expires_at=later))
    assert found(world, token) is None


def test_stepping_up_ends_the_old_token_and_keeps_the_times(world: World, token: str) -> None:
    world.clock.advance(minutes=3)
    with world.data():
        before = sessions.find(token, now=world.clock()).session
        new, after = sessions.elevate(before, actor=VISITOR, now=world.clock(), methods=App.amr)
        assert after.amr == "pwd otp"
        assert after.expires_at == before.expires_at
        assert (after.password_at, after.code_at) == (before.password_at, world.clock())
    assert found(world, token) is None
    assert found(world, new) is not None


def test_a_session_that_was_ended_beside_it_cannot_step_up(world: World, token: str) -> None:
    with world.data():
        identity = sessions.find(token, now=world.clock())
        with world.data():
            sessions.end(identity.session.id)
        with pytest.raises(SessionEnded):
            sessions.elevate(identity.session, actor=VISITOR, now=world.clock(), methods=App.amr)
        with pytest.raises(SessionEnded):
            sessions.require(identity.session)
    assert world.count(AuthSession) == 0


def test_a_session_begun_under_an_old_stamp_is_born_dead(world: World, token: str) -> None:
    with world.data():
        read_before = subject_facts.find_by_email("alice@example.com")
        db.session.execute(update(User).values(security_stamp=User.security_stamp + 1))
        new, _ = sessions.start(read_before.user, actor=VISITOR, now=world.clock())
    assert found(world, new) is None


def test_nobody_ends_the_session_of_somebody_else(world: World, token: str) -> None:
    world.person("eve")
    with world.data():
        session = sessions.find(token, now=world.clock()).session
        assert sessions.end(session.id, user=world.user("eve")) == 0
        assert sessions.end(session.id, user=world.user("alice")) == 1


def test_the_list_of_ones_sessions_has_the_living_ones_latest_first(world: World, token: str) -> None:
    with world.data():
        user = world.user("alice")
        for minutes in (10, 20):
            sessions.start(user, actor=VISITOR, now=world.clock() + timedelta(minutes=minutes))
        alive = sessions.of_user(user, now=world.clock() + timedelta(minutes=65))
        assert [session.created_at.minute for session in alive] == [20, 10]
