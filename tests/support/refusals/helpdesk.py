"""Requests for a reset: filing and stopping one, the number that a caller reads out, and going on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from mfa_app.core.common import errors
from mfa_app.core.common.actor import Actor
from mfa_app.core.helpdesk import after_reset, approvals, queue, requests, scopes
from mfa_app.core.helpdesk.reset import carry_out, reset_second_factor
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.operations import site_values
from mfa_app.core.policy import overrides
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.throttling import limits
from mfa_app.core.users import account_lock, accounts
from mfa_app.extensions import db
from mfa_app.models import ResetApproval, Role, User
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


@dataclass(frozen=True)
class Approval:
    """A reset of erin that ben of the help desk has asked for; dora could approve it."""

    id: str
    user: User
    again: Callable[[], bool]


def waiting_approval(world: World) -> Approval:
    """Let ben ask for a second reset of erin within 30 days."""
    world.linked_earlier("erin")
    world.reset("erin")
    for name in ("ben", "dora"):
        world.linked_earlier(name, role=Role.HELPDESK)
    user, ben = world.user("erin"), actor(world, "ben")
    asked = approvals.Asked("lost again", CALLED_BACK, open_request(world, "erin").id)

    def again() -> bool:
        rules = site_values.current()
        return approvals.reset_or_ask(user, asked, rules=rules, actor=ben, now=world.clock())

    assert again() is False
    db.session.commit()
    approval_id = db.session.scalars(select(ResetApproval.id)).one()
    return Approval(approval_id, user, again)


def open_request(world: World, name: str) -> requests.OpenRequest:
    """Let somebody file a request; return it."""
    filed(world, logged_in(world, name))
    request = requests.find_open(world.user(name), now=world.clock())
    assert request
    return request


def approving(before: Callable[[World], object], name: str = "dora") -> Arrange:
    """Let somebody approve what ben has asked for, after something else has happened."""

    def arrange(world: World) -> Act:
        approval = waiting_approval(world)
        helper = actor(world, name)
        before(world)
        db.session.commit()
        return lambda: approvals.approve(approval.user, approval.id, actor=helper, now=world.clock())

    return arrange


def demoted(world: World) -> None:
    accounts.change_role(world.user("ben"), Role.STAFF, actor=TERMINAL, now=world.clock())


def asked_for_a_locked_account(world: World) -> Act:
    approval, dora = waiting_approval(world), actor(world, "dora")
    account_lock.lock_for(approval.user, actor=TERMINAL, now=world.clock())
    approvals.reset_or_ask(
        approval.user,
        approvals.Asked("lost again", CALLED_BACK),
        rules=site_values.current(),
        actor=actor(world, "ben"),
        now=world.clock(),
    )
    db.session.commit()
    approval_id = db.session.scalars(select(ResetApproval.id)).one()
    return lambda: approvals.approve(approval.user, approval_id, actor=dora, now=world.clock())


def asking_for_somebody_disabled(world: World) -> Act:
    approval = waiting_approval(world)
    accounts.disable(approval.user, actor=TERMINAL, now=world.clock())
    db.session.commit()
    return approval.again


def refusing_too_late(world: World) -> Act:
    approval, dora = waiting_approval(world), actor(world, "dora")
    four_hours_later = world.clock() + approvals.OPEN_FOR
    return lambda: approvals.refuse(approval.user, approval.id, reason="no", actor=dora, now=four_hours_later)


def stopping_twice(world: World) -> Act:
    user = waiting_approval(world).user
    found = used_up(link(world, Purpose.STOP_APPROVAL, "erin"))
    db.session.commit()
    return lambda: approvals.stop_by_link(found, user, actor=VISITOR, now=world.clock())


def asking_for_a_request_that_is_over(world: World) -> Act:
    approval = waiting_approval(world)
    filed(world, logged_in(world, "erin"))
    db.session.commit()
    return approval.again


def carrying_out_for_a_request_that_is_over(world: World) -> Act:
    world.linked_earlier("alice")
    user = world.user("alice")
    return lambda: carry_out(
        user, reason="lost", checked=CALLED_BACK, request_id="over", actor=TERMINAL, now=world.clock()
    )


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
case(carry_out, errors.HelpRequestGone, carrying_out_for_a_request_that_is_over)
case(approvals.reset_or_ask, errors.HelpRequestGone, asking_for_a_request_that_is_over)
case(approvals.approve, errors.OwnApproval, approving(lambda _world: None, "ben"))
case(
    approvals.approve,
    errors.HelpRequestGone,
    approving(lambda world: filed(world, logged_in(world, "erin"))),
)
case(
    approvals.approve,
    errors.ApprovalGone,
    approving(lambda world: accounts.end_access(world.user("erin"), actor=TERMINAL)),
)
case(
    approvals.approve,
    errors.AskerLostRight,
    approving(lambda world: accounts.disable(world.user("ben"), actor=TERMINAL, now=world.clock())),
    "disabled meanwhile",
)
case(
    approvals.approve,
    errors.AskerLostRight,
    approving(lambda world: scopes.limit(world.user("ben"), [], actor=TERMINAL)),
    "out of scope meanwhile",
)
case(
    approvals.approve,
    errors.AskerLostRight,
    approving(
        lambda world: accounts.change_role(world.user("ben"), Role.STAFF, actor=TERMINAL, now=world.clock())
    ),
    "demoted meanwhile",
)
case(approvals.reset_or_ask, errors.ResetOfClosedAccount, asking_for_somebody_disabled)
case(
    approvals.approve,
    errors.ResetOfClosedAccount,
    approving(lambda world: setattr(world.user("erin"), "ends_at", world.clock())),
)
case(approvals.approve, errors.LockedByOwner, asked_for_a_locked_account)
case(approvals.refuse, errors.ApprovalGone, refusing_too_late)
case(approvals.stop_by_link, errors.OneTimeLinkExpired, stopping_twice)
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
