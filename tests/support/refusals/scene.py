"""What the rows are made of: people within sessions, links, counters that are full, and a busy site."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest
from sqlalchemy import update

from mfa_app.core.common import errors, ip_addresses
from mfa_app.core.common.actor import Actor
from mfa_app.core.factors.apps import App
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.passwords import hashing
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.core.throttling import counters
from mfa_app.core.throttling.limits import Limit
from mfa_app.core.users import first_administrator
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import db
from mfa_app.models import AuthSession, OneTimeLink, Role, Throttle
from tests.support.password_slots import no_free_slot
from tests.support.refusals.table import Act
from tests.support.world import VISITOR, World

NEW = "eleven slow trams across the bridge"
SHORT = "short"
HMAC_KEY = "x" * 32
PLACE = ip_addresses.network_of(VISITOR.ip_address)


def actor(world: World, name: str) -> Actor:
    """Return a person as the actor of a verb."""
    return as_user(VISITOR, world.user(name))


def logged_in(world: World, name: str, *, with_code: bool = False) -> Identity:
    """Return the identity of a new session of a person, who has entered the password, or a code too."""
    token, session = sessions.start(world.user(name), actor=VISITOR, now=world.clock())
    if with_code:
        token, session = sessions.elevate(session, actor=VISITOR, now=world.clock(), methods=App.amr)
    db.session.commit()
    identity = sessions.find(token, now=world.clock())
    assert identity is not None
    return identity


def ended(identity: Identity) -> Identity:
    """Let another request end all access behind the back of this one, which still has its identity."""
    end = update(AuthSession).where(AuthSession.id == identity.session.id).values(security_stamp=-1)
    db.session.execute(end.execution_options(synchronize_session=False))
    return identity


def link(world: World, purpose: Purpose, name: str | None = None) -> OneTimeLink:
    """Return a one-time link."""
    user = world.user(name) if name else None
    token = one_time_links.create(purpose, user, now=world.clock())
    return one_time_links.find(token, purpose, now=world.clock())[0]


def used_up(found: OneTimeLink) -> OneTimeLink:
    """Let another request use up the link that this one has found."""
    one_time_links.consume(found)
    return found


def wait_for(world: World, limit: Limit, key: object) -> None:
    """Let attempts fail until there is a delay."""
    with pytest.raises(errors.Throttled):
        while True:
            counters.charge(limit, key, now=world.clock())


def failed(world: World, limit: Limit, key: object, failures: int) -> None:
    """Let so many attempts in a row have failed, a while ago."""
    now = world.clock()
    name = f"{limit.name}:{key}"
    db.session.add(Throttle(key=name, failures=failures, next_try_at=now, forget_at=now + limit.ttl))


def lock_out(world: World, limit: Limit, key: object) -> None:
    """Let so many attempts have failed that no further one is allowed."""
    assert limit.lockout_after is not None
    failed(world, limit, key, limit.lockout_after)


def fail_but_for_one(world: World, limit: Limit, key: object) -> None:
    """Let so many attempts have failed that one more is allowed."""
    assert limit.lockout_after is not None
    failed(world, limit, key, limit.lockout_after - 1)


@contextmanager
def full_queue() -> Iterator[None]:
    """Let everybody who may wait for the hashing of a password wait."""
    with ExitStack() as held:
        for _ in range(hashing.QUEUE_LIMIT):
            held.enter_context(hashing.admission())
        yield


BUSY = {"the queue is full": full_queue, "no slot is free": no_free_slot}


def while_(circumstance: Callable[[], AbstractContextManager[object]], act: Act) -> Act:
    """Return the call, to be made under this circumstance."""

    def run() -> None:
        with circumstance():
            act()

    return run


def become_administrator(world: World, found: OneTimeLink, email: str, password: str = NEW) -> object:
    """Open the set-up link and fill in its page."""
    return first_administrator.create_first_administrator(
        found, Profile(email, "Eve", Role.ADMIN), password, actor=VISITOR, now=world.clock()
    )
