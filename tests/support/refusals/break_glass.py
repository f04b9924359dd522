"""Break-glass codes: making them, and getting in with one."""

from collections.abc import Callable

from mfa_app.core.common import errors
from mfa_app.core.factors import break_glass
from mfa_app.core.login import code_step
from mfa_app.core.login.break_glass_step import open_with_code
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.throttling import limits
from mfa_app.extensions import db
from tests.support.refusals.scene import actor, ended, fail_but_for_one, failed, lock_out, logged_in, wait_for
from tests.support.refusals.table import Act, Arrange, Table
from tests.support.world import TERMINAL, VISITOR, World

ROWS = Table()
case = ROWS.add

NO_CODE_OF_OURS = "aaaa-bbbb-cccc-dddd-eeee-ffff"


def new_codes(world: World) -> tuple[str, ...]:
    """Return the two codes of a new set."""
    return break_glass.make_set(actor=TERMINAL, now=world.clock())


def with_code(
    before: Callable[[World, Identity, str], object] = lambda world, identity, code: None,
    *,
    name: str = "carol",
    typed: str | None = None,
    past_the_gate: bool = False,
) -> Arrange:
    """Let somebody with an app enter one of the site's codes, or `typed`, after something has happened."""

    def arrange(world: World) -> Act:
        world.linked_earlier(name)
        code = new_codes(world)[0]
        identity = logged_in(world, name, with_code=past_the_gate)
        before(world, identity, code)
        db.session.commit()
        return lambda: open_with_code(identity, typed or code, actor=VISITOR, now=world.clock())

    return arrange


def used_before(world: World, _identity: Identity, code: str) -> None:
    break_glass.burn(break_glass.find(break_glass.read(code)), now=world.clock())


def failed_twice(world: World, identity: Identity, _code: str) -> None:
    for limit in _BOTH:
        failed(world, limit, identity.user.id, code_step.WARN_AFTER - 1)


def all_but_one_code_of_the_app(world: World, identity: Identity, _code: str) -> None:
    fail_but_for_one(world, limits.CODE, identity.user.id)


_BOTH = (limits.BREAK_GLASS, limits.CODE)
_REFUSED = ("break_glass.refused",)

case(open_with_code, errors.NotABreakGlassCode, with_code(typed="abcd-efgh"))
case(open_with_code, errors.NotAllowed, with_code(name="dave"), "help desk")
case(open_with_code, errors.NotAllowed, with_code(name="alice"), "staff")
case(open_with_code, errors.NotAllowed, with_code(past_the_gate=True), "past the gate")
case(
    open_with_code,
    errors.WrongBreakGlassCode,
    with_code(typed=NO_CODE_OF_OURS),
    charges=_BOTH,
    events=_REFUSED,
)
case(
    open_with_code,
    errors.WrongBreakGlassCode,
    with_code(failed_twice, typed=NO_CODE_OF_OURS),
    "third in a row",
    charges=_BOTH,
    events=_REFUSED,
    also=("outbox_mail", "one_time_link"),
)
case(
    open_with_code,
    errors.WrongBreakGlassCode,
    with_code(all_but_one_code_of_the_app, typed=NO_CODE_OF_OURS),
    "last attempt at the app",
    charges=_BOTH,
    events=(*_REFUSED, "authenticator.stopped"),
    also=("user_account", "outbox_mail", "one_time_link"),
)
case(open_with_code, errors.UsedBreakGlassCode, with_code(used_before), charges=_BOTH, events=_REFUSED)
case(
    open_with_code,
    errors.Throttled,
    with_code(lambda world, identity, code: wait_for(world, limits.BREAK_GLASS, identity.user.id)),
)
case(
    open_with_code,
    errors.AuthenticatorLocked,
    with_code(lambda world, identity, code: lock_out(world, limits.CODE, identity.user.id)),
    charges=(limits.BREAK_GLASS,),
)
case(
    open_with_code,
    errors.SessionEnded,
    with_code(lambda world, identity, code: ended(identity)),
    charges=_BOTH,
)


def making(before: Callable[[World], object] = lambda world: None, *, name: str = "carol") -> Arrange:
    """Let somebody make new codes, after something has happened."""

    def arrange(world: World) -> Act:
        world.linked_earlier(name)
        new_codes(world)
        someone = actor(world, name)
        before(world)
        return lambda: break_glass.make_set(actor=someone, now=world.clock())

    return arrange


def disabled(world: World) -> None:
    world.user("carol").disabled_at = world.clock()


case(break_glass.make_set, errors.NotAllowed, making(name="dave"))
case(break_glass.make_set, errors.SessionEnded, making(disabled))
