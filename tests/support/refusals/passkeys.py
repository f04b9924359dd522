"""Passkeys: at the second gate, and on one's own account."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mfa_app.core.browsers.known_browsers import BrowserFacts
from mfa_app.core.common import clock, errors
from mfa_app.core.factors import passkey_setup, passkeys, recovery_codes
from mfa_app.core.login import passkey_step
from mfa_app.core.policy import rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.throttling import limits
from mfa_app.extensions import db
from mfa_app.models import Passkey
from mfa_app.models.column_types import new_id
from mfa_app.settings import Settings
from mfa_app.site import site
from tests.support.authenticator import FLAG, Authenticator
from tests.support.refusals.codes import CODES
from tests.support.refusals.scene import PLACE, ended, logged_in, wait_for
from tests.support.refusals.table import Act, Arrange, Table
from tests.support.world import TERMINAL, VISITOR, World

ROWS = Table()
case = ROWS.add

Try = Callable[[World, Identity, Authenticator], object]


def add(world: World, identity: Identity, device: Authenticator) -> object:
    answer = device.make(passkey_setup.begin(identity, now=world.clock()))
    return register(world, identity, answer)


def register(world: World, identity: Identity, answer: str = "{}") -> object:
    return passkey_setup.register(identity, answer, actor=VISITOR, now=world.clock())


def add_many(world: World, name: str, count: int) -> Authenticator:
    """Let somebody add so many passkeys; return the authenticator that holds them."""
    device = Authenticator()
    for _ in range(count):
        add(world, logged_in(world, name, with_code=True), device)
        db.session.commit()
        world.clock.advance(seconds=1)
    return device


def passkeys_only() -> None:
    """Let the rule for everyone accept passkeys only."""
    values = RuleValues(required=True, passkey_only=True)
    rules.set_rule(None, values, actor=TERMINAL, now=clock.now())
    db.session.commit()


def with_passkeys(
    act: Try,
    before: Callable[[World, Identity], object] = lambda world, identity: None,
    *,
    count: int = 1,
    with_code: bool = True,
    app: bool = True,
    group: tuple[str, ...] = (),
) -> Arrange:
    """Let alice, who has this many passkeys and perhaps an app, do it, after something has happened."""

    def arrange(world: World) -> Act:
        world.group("Finance", required=True)
        (world.linked_earlier if app else world.person)("alice", groups_=group)
        device = add_many(world, "alice", count)
        identity = logged_in(world, "alice", with_code=with_code)
        before(world, identity)
        db.session.commit()
        return lambda: act(world, identity, device)

    return arrange


def without_link(world: World) -> Act:
    """Let dave of the help desk, who has been sent no link for it, add one with his password alone."""
    world.person("dave")
    world.user("dave").link_required = False
    identity = logged_in(world, "dave")
    return lambda: register(world, identity)


def at_a_number(world: World) -> Act:
    """Let alice add one at a site whose address is a number."""
    world.linked_earlier("alice")
    identity = logged_in(world, "alice", with_code=True)

    def act() -> None:
        with address_is_a_number():
            register(world, identity)

    return act


@contextmanager
def address_is_a_number() -> Iterator[None]:
    """Let the site have an IP address in place of a name."""
    settings = site()[Settings]
    before = settings.public_url
    vars(settings)["public_url"] = "https://192.0.2.7"
    try:
        yield
    finally:
        vars(settings)["public_url"] = before


def nonsense(world: World, identity: Identity, _device: Authenticator) -> object:
    return register(world, identity)


def late(world: World, identity: Identity, device: Authenticator) -> Act:
    """Return the registration of a passkey whose session ends just before the answer arrives."""
    answer = device.make(passkey_setup.begin(identity, now=world.clock()))
    ended(identity)
    db.session.commit()
    return lambda: register(world, identity, answer)


def session_ends(world: World) -> Act:
    world.linked_earlier("alice")
    return late(world, logged_in(world, "alice", with_code=True), Authenticator())


def of_alice(identity: Identity) -> str:
    (passkey, *_others) = passkeys.of_user(identity.user)
    return passkey.id


def remove(world: World, identity: Identity, _device: Authenticator) -> object:
    return passkey_setup.remove(identity, of_alice(identity), actor=VISITOR, now=world.clock())


def remove_none(world: World, identity: Identity, _device: Authenticator) -> object:
    return passkey_setup.remove(identity, new_id(), actor=VISITOR, now=world.clock())


def rename(name: str) -> Try:
    return lambda _world, identity, _device: passkey_setup.rename(
        identity, of_alice(identity), name, actor=VISITOR
    )


def rename_none(_world: World, identity: Identity, _device: Authenticator) -> None:
    passkey_setup.rename(identity, new_id(), "Key", actor=VISITOR)


def tried_too_often(world: World, identity: Identity) -> None:
    wait_for(world, limits.LINKING, identity.user.id)


def access_ended(_world: World, identity: Identity) -> None:
    ended(identity)


def answering(act: Callable[[World, Identity, str], object], *, verified: bool) -> Arrange:
    """Let alice answer by passkey at the second gate; or let her session end before that."""

    def try_it(world: World, identity: Identity, device: Authenticator) -> object:
        question = passkeys.question(identity, now=world.clock())
        if not verified:
            device.flags = FLAG.UP
        return act(world, identity, device.answer(question))

    return with_passkeys(try_it, with_code=False, group=("Finance",))


def code_under_a_rule_for_passkeys(act: Callable[[World, Identity, str], object]) -> Arrange:
    """Let alice, who has an app and a passkey, enter a code where only passkeys count."""

    def arrange(world: World) -> Act:
        world.linked_earlier("alice")
        add_many(world, "alice", 1)
        passkeys_only()
        identity = logged_in(world, "alice")
        return lambda: act(world, identity, world.phones["alice"].code())

    return arrange


def only_passkey(world: World) -> Act:
    """Let alice remove her only passkey, though she has an app, where only passkeys count."""
    world.linked_earlier("alice")
    add_many(world, "alice", 1)
    passkeys_only()
    identity = logged_in(world, "alice", with_code=True)
    return lambda: remove(world, identity, Authenticator())


def make_recovery_codes(world: World, identity: Identity, _code: str) -> object:
    return recovery_codes.make_set(identity, actor=VISITOR, now=world.clock())


case(recovery_codes.make_set, errors.PasskeyRequired, code_under_a_rule_for_passkeys(make_recovery_codes))

for _verb, _act in CODES.items():
    case(_verb, errors.PasskeyRequired, code_under_a_rule_for_passkeys(_act))
    case(
        _verb,
        errors.PasskeyRefused,
        answering(_act, verified=False),
        charges=(limits.CODE,),
        events=("code.refused",),
    )


def alone(world: World, answer: str = "{}") -> object:
    return passkey_step.sign_in_by_passkey(answer, browser=BrowserFacts(), actor=VISITOR, now=world.clock())


def alone_in_vain(world: World) -> Act:
    world.linked_earlier("alice")
    return lambda: alone(world)


def alone_too_often(world: World) -> Act:
    wait_for(world, limits.PASSWORD_NETWORK, PLACE)
    return lambda: alone(world)


def alone_at_a_number(world: World) -> Act:
    """Let alice answer a question that the site has asked before its address became a number."""
    world.linked_earlier("alice")
    device = add_many(world, "alice", 1)
    answer = device.answer(passkeys.question_to_anyone(now=world.clock()))

    def act() -> None:
        with address_is_a_number():
            alone(world, answer)

    return act


_ALONE, _NETWORK = passkey_step.sign_in_by_passkey, (limits.PASSWORD_NETWORK,)
case(_ALONE, errors.PasskeyRefused, alone_in_vain, charges=_NETWORK, events=("code.refused",))
case(_ALONE, errors.PasskeysOff, alone_at_a_number, charges=_NETWORK)
case(_ALONE, errors.Throttled, alone_too_often)

_REGISTER, _REMOVE, _RENAME = passkey_setup.register, passkey_setup.remove, passkey_setup.rename
_LINKING = (limits.LINKING,)
case(_REGISTER, errors.PasskeyRefused, with_passkeys(nonsense), charges=_LINKING, events=("code.refused",))
case(_REGISTER, errors.Throttled, with_passkeys(nonsense, tried_too_often))
case(_REGISTER, errors.AlreadyEnrolled, with_passkeys(nonsense, with_code=False))
case(_REGISTER, errors.TooManyPasskeys, with_passkeys(nonsense, count=passkey_setup.MOST_PASSKEYS))
case(_REGISTER, errors.NotAllowed, without_link)
case(_REGISTER, errors.PasskeysOff, at_a_number)
case(_REGISTER, errors.SessionEnded, session_ends, charges=_LINKING)
case(_REMOVE, errors.PasskeyGone, with_passkeys(remove_none))
case(_REMOVE, errors.SessionEnded, with_passkeys(remove, access_ended))
case(_REMOVE, errors.TwoFactorRequired, with_passkeys(remove, app=False, group=("Finance",)))
case(_REMOVE, errors.LastPasskey, only_passkey)
case(_RENAME, errors.PasskeyGone, with_passkeys(rename_none))
case(_RENAME, errors.PasskeyNameTaken, with_passkeys(rename("passkey 2"), count=2))
case(_RENAME, errors.SessionEnded, with_passkeys(rename("Key"), access_ended))


def asked_elsewhere(world: World) -> Act:
    """Let alice, whose passkey is of another host, be asked for one."""
    world.linked_earlier("alice")
    identity = logged_in(world, "alice", with_code=True)
    add(world, identity, Authenticator())
    db.session.query(Passkey).update({"rp_id": "login.before.example"})
    db.session.commit()
    again = logged_in(world, "alice")
    return lambda: passkeys.question(again, now=world.clock())


case(passkeys.question, errors.PasskeysElsewhere, asked_elsewhere)
