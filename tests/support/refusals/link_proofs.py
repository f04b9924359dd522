"""What lets somebody link after a reset besides the password: making it, and using it."""

from collections.abc import Callable
from datetime import timedelta

from mfa_app.core.common import errors
from mfa_app.core.common.actor import Actor
from mfa_app.core.factors import link_proofs
from mfa_app.core.helpdesk import access_passes, scopes
from mfa_app.core.login import code_step, link_step
from mfa_app.core.passwords import hashing
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.throttling import limits
from mfa_app.extensions import db
from mfa_app.models import LinkProof
from tests.support.refusals.scene import (
    BUSY,
    actor,
    ended,
    fail_but_for_one,
    failed,
    lock_out,
    logged_in,
    wait_for,
    while_,
)
from tests.support.refusals.table import Act, Arrange, Table
from tests.support.site_parts import set_up_mail_server
from tests.support.world import CALLED_BACK, TERMINAL, VISITOR, World

ROWS = Table()
case = ROWS.add

HOUR = timedelta(hours=1)
PASS = "KM7P 3XQT"


def was_reset(world: World, name: str = "alice", proof: LinkProof | None = LinkProof.ACCESS_PASS) -> None:
    """Make a person whose linking waits, after a reset, for more than the password."""
    set_up_mail_server(world.app)
    world.person(name)
    user = world.user(name)
    user.link_required, user.link_proof = True, proof
    db.session.commit()


def keep(world: World, name: str = "alice", proof: LinkProof = LinkProof.ACCESS_PASS) -> None:
    """Keep a secret of a person, which is PASS."""
    secret_hash = hashing.hash_password(link_proofs.read(proof, PASS))
    link_proofs.replace(world.user(name), proof, secret_hash, lifetime=HOUR, now=world.clock())
    db.session.commit()


def make(world: World, someone: Actor, name: str = "alice") -> access_passes.AccessPass:
    """Let somebody make an access pass."""
    user, now = world.user(name), world.clock()
    return access_passes.make(user, lifetime=HOUR, checked=CALLED_BACK, actor=someone, now=now)


def making(before: Callable[[World, Actor], object], helper: str = "dave", name: str = "alice") -> Arrange:
    """Let dave of the help desk, or somebody else, make an access pass after something has happened."""

    def arrange(world: World) -> Act:
        was_reset(world, name)
        if helper != name:
            world.person(helper)
        someone = actor(world, helper)
        before(world, someone)
        db.session.commit()
        return lambda: make(world, someone, name)

    return arrange


def nothing(_world: World, _actor: Actor) -> None:
    """Let nothing happen before."""


def limited_elsewhere(world: World, _dave: Actor) -> None:
    world.group("Finance")
    scopes.limit(world.user("dave"), [world.group_row("Finance")], actor=TERMINAL)


def linked_meanwhile(world: World, _dave: Actor) -> None:
    user = world.user("alice")
    user.link_required, user.link_proof = False, None


def disabled_meanwhile(world: World, _dave: Actor) -> None:
    world.user("dave").disabled_at = world.clock()


def busy(reason: str, arrange: Arrange) -> Arrange:
    return lambda world: while_(BUSY[reason], arrange(world))


case(access_passes.make, errors.NotAllowed, making(nothing, "eve"), "staff")
case(access_passes.make, errors.NotAllowed, making(nothing, "dave", "dave"), "for oneself")
case(access_passes.make, errors.NotAllowed, making(nothing, "dave", "carol"), "for a better")
case(access_passes.make, errors.OutOfScope, making(limited_elsewhere))
case(access_passes.make, errors.SessionEnded, making(disabled_meanwhile))
case(access_passes.make, errors.PassNotNeeded, making(linked_meanwhile))
case(access_passes.make, errors.HashingQueueFull, busy("no slot is free", making(nothing)))


def opening(
    before: Callable[[World, Identity], object] = lambda world, identity: None, *, typed: str = PASS
) -> Arrange:
    """Let alice, who was reset, enter her access pass or something else after something has happened."""

    def arrange(world: World) -> Act:
        was_reset(world)
        keep(world)
        identity = logged_in(world, "alice")
        before(world, identity)
        db.session.commit()
        return lambda: link_step.open_with(
            identity, LinkProof.ACCESS_PASS, typed, actor=VISITOR, now=world.clock()
        )

    return arrange


def not_reset(world: World) -> Act:
    world.person("alice")
    identity = logged_in(world, "alice")
    return lambda: link_step.open_with(
        identity, LinkProof.ACCESS_PASS, PASS, actor=VISITOR, now=world.clock()
    )


def stopped(world: World) -> Act:
    was_reset(world)
    world.user("alice").factors_locked_at = world.clock()
    db.session.commit()
    identity = logged_in(world, "alice")
    return lambda: link_step.open_with(
        identity, LinkProof.ACCESS_PASS, PASS, actor=VISITOR, now=world.clock()
    )


def all_but_the_third(world: World, identity: Identity) -> None:
    failed(world, limits.CODE, identity.user.id, code_step.WARN_AFTER - 1)


def all_but_the_last(world: World, identity: Identity) -> None:
    fail_but_for_one(world, limits.CODE, identity.user.id)


def by_email(
    before: Callable[[World, Identity], object] = lambda world, identity: None,
    *,
    typed: str | None = None,
    proof: LinkProof = LinkProof.EMAIL_CODE,
) -> Arrange:
    """Let alice, whose reset leads to a code by email, have one sent, or type something."""

    def arrange(world: World) -> Act:
        was_reset(world, proof=proof)
        identity, now = logged_in(world, "alice"), world.clock()
        before(world, identity)
        db.session.commit()
        if typed is None:
            return lambda: link_step.send_code(identity, actor=VISITOR, now=now)
        return lambda: link_step.open_with(identity, LinkProof.EMAIL_CODE, typed, actor=VISITOR, now=now)

    return arrange


def sent_just_now(world: World, identity: Identity) -> None:
    link_step.send_code(identity, actor=VISITOR, now=world.clock())


def stopped_before(world: World) -> Act:
    was_reset(world, proof=LinkProof.EMAIL_CODE)
    world.user("alice").factors_locked_at = world.clock()
    db.session.commit()
    identity = logged_in(world, "alice")
    return lambda: link_step.send_code(identity, actor=VISITOR, now=world.clock())


case(link_step.send_code, errors.NotAllowed, by_email(proof=LinkProof.ACCESS_PASS))
case(link_step.send_code, errors.AuthenticatorLocked, stopped_before)
case(link_step.send_code, errors.EmailCodeTooSoon, by_email(sent_just_now), "within a minute")
case(
    link_step.send_code,
    errors.EmailCodeTooSoon,
    by_email(lambda world, identity: lock_out(world, limits.EMAIL_CODES, identity.user.id)),
    "five an hour",
)
case(
    link_step.send_code,
    errors.SessionEnded,
    by_email(lambda _world, identity: ended(identity)),
    charges=(limits.EMAIL_CODES,),
)
case(link_step.send_code, errors.HashingQueueFull, busy("no slot is free", by_email()))
case(link_step.open_with, errors.NotAnEmailCode, by_email(typed="12345"))
case(
    link_step.open_with,
    errors.WrongEmailCode,
    by_email(typed="123456"),
    charges=(limits.CODE,),
    events=("linking.refused",),
)
case(
    link_step.open_with, errors.NotAllowed, by_email(typed="123456", proof=LinkProof.ACCESS_PASS), "by email"
)


WRONG = "AAAA AAAA"
_COUNTS = (limits.CODE,)
_REFUSED = ("linking.refused",)
_MAIL = ("outbox_mail", "one_time_link")

case(link_step.open_with, errors.NotAllowed, not_reset)
case(link_step.open_with, errors.NotAnAccessPass, opening(typed="KM7P"))
case(link_step.open_with, errors.WrongAccessPass, opening(typed=WRONG), charges=_COUNTS, events=_REFUSED)
case(
    link_step.open_with,
    errors.WrongAccessPass,
    opening(all_but_the_third, typed=WRONG),
    "third in a row",
    charges=_COUNTS,
    events=_REFUSED,
    also=_MAIL,
)
case(
    link_step.open_with,
    errors.WrongAccessPass,
    opening(all_but_the_last, typed=WRONG),
    "last attempt",
    charges=_COUNTS,
    events=(*_REFUSED, "authenticator.stopped"),
    also=("user_account", *_MAIL),
)
case(link_step.open_with, errors.AuthenticatorLocked, stopped)
case(
    link_step.open_with,
    errors.AuthenticatorLocked,
    opening(lambda world, identity: lock_out(world, limits.CODE, identity.user.id)),
    "counted out",
)
case(
    link_step.open_with,
    errors.Throttled,
    opening(lambda world, identity: wait_for(world, limits.CODE, identity.user.id)),
)
case(
    link_step.open_with,
    errors.SessionEnded,
    opening(lambda _world, identity: ended(identity)),
    charges=_COUNTS,
)
for _reason in BUSY:
    case(link_step.open_with, errors.HashingQueueFull, busy(_reason, opening()), _reason)
