"""Codes at the second gate, and enrolling an app."""

from collections.abc import Callable

from mfa_app.core.audit.events import AnsweredFor
from mfa_app.core.browsers.known_browsers import BrowserFacts
from mfa_app.core.common import errors
from mfa_app.core.factors import apps, enrolment, own_factors, recovery_codes, registry, totp
from mfa_app.core.factors.apps import App
from mfa_app.core.keys.vault import vault
from mfa_app.core.login import code_step, reauthentication
from mfa_app.core.sessions import held_forms, sessions
from mfa_app.core.sessions.held_forms import FormContent
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.throttling import limits
from mfa_app.extensions import db
from mfa_app.models import Authenticator
from mfa_app.models.column_types import new_id
from mfa_app.models.row_facts import AuthenticatorFacts
from tests.support.phone import Phone
from tests.support.refusals.scene import ended, fail_but_for_one, failed, lock_out, logged_in, wait_for
from tests.support.refusals.table import Act, Arrange, Table
from tests.support.world import VISITOR, World

ROWS = Table()
case = ROWS.add


# Codes

CODES: dict[Callable[..., object], Callable[[World, Identity, str], object]] = {
    code_step.answer_challenge: lambda world, identity, code: code_step.answer_challenge(
        identity, code, remember=True, browser=BrowserFacts(), actor=VISITOR, now=world.clock()
    ),
    code_step.check_code: lambda world, identity, code: code_step.check_code(
        identity, code, purpose=AnsweredFor.LOGIN, actor=VISITOR, now=world.clock()
    ),
    reauthentication.confirm_by_code: lambda world, identity, code: reauthentication.confirm_by_code(
        identity, code, actor=VISITOR, now=world.clock()
    ),
}


def code(
    act: Callable[[World, Identity, str], object],
    before: Callable[[World, Identity], object] = lambda world, identity: None,
    *,
    earlier: Callable[[World], object] = lambda world: None,
    right: bool = True,
    minutes: int = 0,
) -> Arrange:
    """Let alice of Finance enter a code, after something has happened, before her turn or meanwhile.

    Her phone's clock is so many minutes fast.
    """

    def arrange(world: World) -> Act:
        world.group("Finance", required=True)
        world.linked_earlier("alice", groups_=("Finance",))
        earlier(world)
        identity = logged_in(world, "alice")
        phone = world.phones["alice"]
        shown = phone.code(steps=2 * minutes) if right else phone.wrong_code()
        before(world, identity)
        db.session.commit()
        return lambda: act(world, identity, shown)

    return arrange


def authenticator_of(identity: Identity) -> AuthenticatorFacts:
    (authenticator,) = identity.subject.authenticators
    return authenticator


def entered_before(world: World, identity: Identity) -> None:
    authenticator, code = authenticator_of(identity), world.phones["alice"].code()
    step = apps.step_of(authenticator, code, now=world.clock())
    assert step is not None
    apps.burn(authenticator, step)


def codes_delayed(world: World, identity: Identity) -> None:
    wait_for(world, limits.CODE, identity.user.id)


def codes_locked_out(world: World, identity: Identity) -> None:
    lock_out(world, limits.CODE, identity.user.id)


def authenticator_locked(world: World) -> None:
    authenticator_locked_meanwhile(world, logged_in(world, "alice"))


def authenticator_locked_meanwhile(world: World, identity: Identity) -> None:
    registry.lock(identity.user, now=world.clock())


def two_wrong_codes(world: World, identity: Identity) -> None:
    failed(world, limits.CODE, identity.user.id, code_step.WARN_AFTER - 1)


def all_but_one_wrong_code(world: World, identity: Identity) -> None:
    fail_but_for_one(world, limits.CODE, identity.user.id)


def access_ended(_world: World, identity: Identity) -> None:
    ended(identity)


def no_code(act: Callable[[World, Identity, str], object]) -> Callable[[World, Identity, str], object]:
    """Return the same act with twelve digits: the code of before and the one of now, in one field."""
    return lambda world, identity, shown: act(world, identity, shown * 2)


_CODE_REFUSED = ("code.refused",)

_COUNTED = (limits.CODE,)

for _verb, _type in CODES.items():
    case(_verb, errors.WrongCode, code(_type, right=False), charges=_COUNTED, events=_CODE_REFUSED)
    case(
        _verb,
        errors.WrongCode,
        code(_type, two_wrong_codes, right=False),
        "third in a row",
        charges=_COUNTED,
        events=_CODE_REFUSED,
        also=("outbox_mail", "one_time_link"),
    )
    case(
        _verb,
        errors.WrongCode,
        code(_type, all_but_one_wrong_code, right=False),
        "last attempt",
        charges=_COUNTED,
        events=(*_CODE_REFUSED, "authenticator.stopped"),
        also=("user_account", "outbox_mail", "one_time_link"),
    )
    case(
        _verb,
        errors.ExplainedCode,
        code(_type, minutes=4),
        charges=_COUNTED,
        events=_CODE_REFUSED,
        also=("authenticator",),
    )
    case(_verb, errors.NotACode, code(no_code(_type)))
    case(_verb, errors.UsedCode, code(_type, entered_before), charges=_COUNTED, events=_CODE_REFUSED)
    case(_verb, errors.Throttled, code(_type, codes_delayed))
    case(_verb, errors.AuthenticatorLocked, code(_type, codes_locked_out), "by its counter")
    case(_verb, errors.AuthenticatorLocked, code(_type, earlier=authenticator_locked), "user_account")
    case(
        _verb,
        errors.AuthenticatorLocked,
        code(_type, authenticator_locked_meanwhile),
        "authenticator, meanwhile",
        charges=_COUNTED,
    )
    case(_verb, errors.SessionEnded, code(_type, access_ended), charges=_COUNTED)


# Enrolment


def enrolling(
    before: Callable[[World, Identity], object] = lambda world, identity: None,
    *,
    right: bool = True,
    times: int = 1,
    minutes: int = 0,
) -> Arrange:
    """Let alice enter the code of the app that has scanned her QR code, after something has happened.

    She types it several times over if `times` says so. Her phone's clock is so many minutes fast.
    """

    def arrange(world: World) -> Act:
        world.person("alice")
        identity = logged_in(world, "alice")
        secret = enrolment.begin(identity, now=world.clock()).secret
        uri = totp.provisioning_uri(secret, account="alice", issuer="Second Gate")
        phone = Phone(uri, world.clock)
        shown = phone.code(steps=2 * minutes) if right else phone.wrong_code()
        before(world, identity)
        return lambda: enrolment.confirm(identity, shown * times, actor=VISITOR, now=world.clock())

    return arrange


def linking_delayed(world: World, identity: Identity) -> None:
    wait_for(world, limits.LINKING, identity.user.id)


def twenty_minutes_later(world: World, _identity: Identity) -> None:
    world.clock.advance(minutes=20)


_LINKING = (limits.LINKING,)
case(
    enrolment.confirm,
    errors.WrongCode,
    enrolling(right=False),
    charges=_LINKING,
    events=_CODE_REFUSED,
)
case(
    enrolment.confirm,
    errors.ExplainedCode,
    enrolling(minutes=4),
    charges=_LINKING,
    events=_CODE_REFUSED,
)
case(enrolment.confirm, errors.NotACode, enrolling(times=2))
case(enrolment.confirm, errors.Throttled, enrolling(linking_delayed))
case(enrolment.confirm, errors.PendingEnrolmentExpired, enrolling(twenty_minutes_later))
case(enrolment.confirm, errors.SessionEnded, enrolling(access_ended), charges=_LINKING)


def with_app(
    act: Callable[[World, Identity], object],
    before: Callable[[World, Identity], object] = lambda world, identity: None,
    *,
    with_code: bool = False,
    group: tuple[str, ...] = (),
) -> Arrange:
    """Let alice, who has an app, do it within a session, after something has happened."""

    def arrange(world: World) -> Act:
        world.group("Finance", required=True)
        world.linked_earlier("alice", groups_=group)
        identity = logged_in(world, "alice", with_code=with_code)
        before(world, identity)
        return lambda: act(world, identity)

    return arrange


def named_apps(world: World, name: str, *names: str) -> None:
    """Let a person who has an app have more, with these names."""
    user = world.user(name)
    for number, of_app in enumerate(names):
        row = Authenticator(id=f"{number:032}", user_id=user.id, name=of_app)
        row.last_step, row.enrolled_at = 0, world.clock()
        row.sealed_secret = vault().seal(totp.new_secret(), row.seal_context)
        db.session.add(row)
    db.session.commit()


def with_apps(act: Callable[[World, Identity], object], *names: str) -> Arrange:
    """Let alice do it who has these apps beside her first one, and has just entered a code."""

    def arrange(world: World) -> Act:
        world.linked_earlier("alice")
        named_apps(world, "alice", *names)
        identity = logged_in(world, "alice", with_code=True)
        return lambda: act(world, identity)

    return arrange


def without_app(
    act: Callable[[World, Identity], object],
    before: Callable[[World, Identity], object] = lambda world, identity: None,
) -> Arrange:
    """Let alice, who has no app, do it within a session, after something has happened."""

    def arrange(world: World) -> Act:
        world.person("alice")
        identity = logged_in(world, "alice")
        before(world, identity)
        return lambda: act(world, identity)

    return arrange


def without_link(act: Callable[[World, Identity], object]) -> Arrange:
    """Let dave of the help desk, who has been sent no link for it, do it with his password alone."""

    def arrange(world: World) -> Act:
        world.person("dave")
        world.user("dave").link_required = False
        identity = logged_in(world, "dave")
        return lambda: act(world, identity)

    return arrange


def confirm(world: World, identity: Identity) -> object:
    return enrolment.confirm(identity, "123456", actor=VISITOR, now=world.clock())


def begin(world: World, identity: Identity) -> object:
    return enrolment.begin(identity, now=world.clock())


def confirm_in_place_of_none(world: World, identity: Identity) -> object:
    return enrolment.confirm(identity, "123456", replaces=new_id(), actor=VISITOR, now=world.clock())


def confirm_with_a_used_name(world: World, identity: Identity) -> object:
    return enrolment.confirm(identity, "123456", name="PHONE", actor=VISITOR, now=world.clock())


def begin_in_place_of_none(world: World, identity: Identity) -> object:
    return enrolment.begin(identity, replaces=new_id(), now=world.clock())


def remove(world: World, identity: Identity) -> object:
    (app, *_others) = identity.subject.authenticators
    return enrolment.remove(identity, app.id, actor=VISITOR, now=world.clock())


def remove_none(world: World, identity: Identity) -> object:
    return enrolment.remove(identity, new_id(), actor=VISITOR, now=world.clock())


def rename(name: str) -> Callable[[World, Identity], object]:
    def act(_world: World, identity: Identity) -> None:
        (app, *_others) = identity.subject.authenticators
        enrolment.rename(identity, app.id, name, actor=VISITOR)

    return act


def rename_none(_world: World, identity: Identity) -> None:
    enrolment.rename(identity, new_id(), "Phone", actor=VISITOR)


def make_set(world: World, identity: Identity) -> object:
    return recovery_codes.make_set(identity, actor=VISITOR, now=world.clock())


def opt_in(_world: World, identity: Identity) -> None:
    own_factors.opt_in(identity, actor=VISITOR)


def elevate(world: World, identity: Identity) -> object:
    return sessions.elevate(identity.session, actor=VISITOR, now=world.clock(), methods=App.amr)


def renew(world: World, identity: Identity) -> object:
    return sessions.renew(identity.session, actor=VISITOR, now=world.clock())


def permit_enrolment(world: World, identity: Identity) -> object:
    return sessions.permit_enrolment(identity.session, actor=VISITOR, now=world.clock())


def logged_out(_world: World, identity: Identity) -> None:
    sessions.end(identity.session.id)


case(enrolment.confirm, errors.AlreadyEnrolled, with_app(confirm))
case(enrolment.begin, errors.AlreadyEnrolled, with_app(begin))
for _verb, _act in ((enrolment.begin, begin), (enrolment.confirm, confirm)):
    case(_verb, errors.TooManyApps, with_apps(_act, "Phone", "Tablet", "Laptop", "Safe"))
case(enrolment.begin, errors.AppGone, with_apps(begin_in_place_of_none))
case(enrolment.confirm, errors.AppGone, with_apps(confirm_in_place_of_none))
case(enrolment.confirm, errors.AppNameTaken, with_apps(confirm_with_a_used_name, "Phone"))
case(enrolment.rename, errors.AppGone, with_apps(rename_none))
case(enrolment.rename, errors.AppNameTaken, with_apps(rename("phone "), "Phone"))
case(enrolment.rename, errors.SessionEnded, with_app(rename("Phone"), access_ended, with_code=True))
case(enrolment.confirm, errors.NotAllowed, without_link(confirm))
case(enrolment.begin, errors.NotAllowed, without_link(begin))
case(enrolment.begin, errors.SessionEnded, without_app(begin, access_ended))
case(enrolment.remove, errors.AppGone, without_app(remove_none))
case(enrolment.remove, errors.TwoFactorRequired, with_app(remove, with_code=True, group=("Finance",)))
case(enrolment.remove, errors.SessionEnded, with_app(remove, access_ended, with_code=True))
case(recovery_codes.make_set, errors.NotEnrolled, without_app(make_set))
case(recovery_codes.make_set, errors.SessionEnded, with_app(make_set, access_ended, with_code=True))
case(own_factors.opt_in, errors.NotEnrolled, without_app(opt_in))
case(sessions.renew, errors.SessionEnded, without_app(renew, logged_out))
case(sessions.elevate, errors.SessionEnded, without_app(elevate, logged_out))
case(sessions.permit_enrolment, errors.SessionEnded, without_app(permit_enrolment, logged_out))


def hold(world: World, identity: Identity) -> object:
    content = FormContent("/account/devices/forget", "Remove all devices", ())
    return held_forms.hold(identity, content, now=world.clock())


case(held_forms.hold, errors.SessionEnded, without_app(hold, access_ended))
