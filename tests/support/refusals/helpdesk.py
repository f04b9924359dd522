"""Requests for a reset: filing and stopping one, the number that a caller reads out, and going on."""

from collections.abc import Callable
from datetime import timedelta

from mfa_app.core.common import errors
from mfa_app.core.common.actor import Actor
from mfa_app.core.helpdesk import after_reset, queue, requests
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.policy import overrides
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.throttling import limits
from mfa_app.core.users import accounts
from mfa_app.extensions import db
from mfa_app.models import User
from tests.support.refusals.scene import actor, ended, link, lock_out, logged_in, used_up, wait_for
from tests.support.refusals.table import Act, Arrange, Table
from tests.support.world import CALLED_BACK, TERMINAL, VISITOR, World

ROWS = Table()
case = ROWS.add


def filed(world: World, identity: Identity) -> str:
    """File a request; return the token with which the browser waits."""
    return requests.file(identity, "My phone is lost", actor=VISITOR, now=world.clock())


def filing(before: Callable[[World, Identity], object]) -> Arrange:
    """Let alice file a request after something has happened."""

    def arrange(world: World) -> Act:
        world.linked_earlier("alice")
        identity = logged_in(world, "alice")
        before(world, identity)
        db.session.commit()
        return lambda: filed(world, identity)

    return arrange


def stopped_before(world: World, identity: Identity) -> None:
    filed(world, identity)
    stop = link(world, Purpose.STOP_RESET, "alice")
    requests.stop_by_link(stop, world.user("alice"), actor=VISITOR, now=world.clock())


def too_late(world: World) -> Act:
    world.linked_earlier("alice")
    filed(world, logged_in(world, "alice"))
    found, user = used_up(link(world, Purpose.STOP_RESET, "alice")), world.user("alice")
    db.session.commit()
    now = world.clock() + timedelta(minutes=1)
    return lambda: requests.stop_by_link(found, user, actor=VISITOR, now=now)


def reset_on_request(world: World, name: str) -> str:
    """Let somebody's request be answered by a reset; return the token with which the browser waits."""
    token, user = filed(world, logged_in(world, name)), world.user(name)
    request = requests.find_open(user, now=world.clock())
    assert request
    reset_second_factor(
        user, reason="lost", checked=CALLED_BACK, request_id=request.id, actor=TERMINAL, now=world.clock()
    )
    db.session.commit()
    return token


def going_on(before: Callable[[World, User], object]) -> Arrange:
    """Let alice go on after her reset, after something else has happened."""

    def arrange(world: World) -> Act:
        world.linked_earlier("alice")
        token = reset_on_request(world, "alice")
        before(world, world.user("alice"))
        db.session.commit()
        return lambda: after_reset.go_on(token, replaces=None, actor=VISITOR, now=world.clock())

    return arrange


def exempt(world: World, user: User) -> None:
    until = world.clock() + timedelta(days=3)
    overrides.exempt(user, until=until, reason="laboratory", actor=TERMINAL, now=world.clock())


def typing(typed: str, before: Callable[[World, Actor], object], name: str = "dave") -> Arrange:
    """Let dave of the help desk, or another person, type a number that nobody's request has."""

    def arrange(world: World) -> Act:
        world.person(name)
        helper = actor(world, name)
        before(world, helper)
        db.session.commit()
        return lambda: queue.find_caller(typed, actor=helper, now=world.clock())

    return arrange


def reset_for_a_request_that_was_stopped(world: World) -> Act:
    world.linked_earlier("alice")
    identity = logged_in(world, "alice")
    filed(world, identity)
    user = world.user("alice")
    request = requests.find_open(user, now=world.clock())
    assert request
    stop = link(world, Purpose.STOP_RESET, "alice")
    requests.stop_by_link(stop, user, actor=VISITOR, now=world.clock())
    db.session.commit()
    return lambda: reset_second_factor(
        user, reason="lost", checked=CALLED_BACK, request_id=request.id, actor=TERMINAL, now=world.clock()
    )


_COUNTS = (limits.HELP_REQUESTS,)

case(
    requests.file,
    errors.TooManyHelpRequests,
    filing(lambda world, identity: lock_out(world, limits.HELP_REQUESTS, identity.user.id)),
)
case(requests.file, errors.HelpRequestStopped, filing(stopped_before), charges=_COUNTS)
case(requests.file, errors.SessionEnded, filing(lambda _world, identity: ended(identity)), charges=_COUNTS)
case(requests.stop_by_link, errors.OneTimeLinkExpired, too_late)
case(reset_second_factor, errors.HelpRequestGone, reset_for_a_request_that_was_stopped)
case(after_reset.go_on, errors.OneTimeLinkExpired, going_on(exempt), "exempt meanwhile")
case(
    after_reset.go_on,
    errors.OneTimeLinkExpired,
    going_on(lambda world, user: accounts.disable(user, actor=TERMINAL, now=world.clock())),
    "disabled meanwhile",
)
case(queue.find_caller, errors.NotARequestNumber, typing("12345", lambda _world, _helper: None))
case(queue.find_caller, errors.NotAllowed, typing("123456", lambda _world, _helper: None, "alice"))
case(
    queue.find_caller,
    errors.WrongRequestNumber,
    typing("123456", lambda _world, _helper: None),
    charges=(limits.REQUEST_NUMBERS,),
    events=("reset.number_refused",),
)
case(
    queue.find_caller,
    errors.Throttled,
    typing("123456", lambda world, helper: wait_for(world, limits.REQUEST_NUMBERS, helper.user_id)),
)
