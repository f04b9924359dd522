"""Passwords: new ones, those given at the login, and the current one asked again."""

from collections.abc import Callable

from mfa_app.core.browsers.known_browsers import BrowserFacts
from mfa_app.core.common import errors
from mfa_app.core.login import password_step, reauthentication
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.passwords import attempts, change, reset_by_mail, reset_requests
from mfa_app.core.policy import subject_facts
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.throttling import limits
from mfa_app.core.users import accounts, first_administrator, invitations, new_links
from mfa_app.core.users.accounts import Profile
from mfa_app.models import Role
from tests.support.refusals.scene import (
    BUSY,
    HMAC_KEY,
    NEW,
    PLACE,
    SHORT,
    become_administrator,
    ended,
    fail_but_for_one,
    link,
    lock_out,
    logged_in,
    used_up,
    wait_for,
    while_,
)
from tests.support.refusals.table import Act, Arrange, Table
from tests.support.world import PASSWORD, TERMINAL, VISITOR, WRONG, World

ROWS = Table()
case = ROWS.add


# New passwords


def change_own(world: World, password: str) -> Act:
    world.person("alice")
    identity = logged_in(world, "alice")
    return lambda: enter_both(world, identity, PASSWORD, password)


def enter_both(world: World, identity: Identity, current: str, password: str = NEW) -> object:
    """Change one's own password on its page."""
    return change.change_own(identity, password, current=current, actor=VISITOR, now=world.clock())


def set_from_terminal(world: World, password: str) -> Act:
    world.person("alice")
    user = world.user("alice")
    return lambda: change.set_from_terminal(user, password, actor=TERMINAL, now=world.clock())


def choose_by_link(world: World, password: str) -> Act:
    world.person("alice")
    lock_out(world, limits.PASSWORD_UNKNOWN_BROWSER, world.user("alice").id)
    found = link(world, Purpose.PASSWORD_RESET, "alice")
    user = world.user("alice")
    return lambda: reset_by_mail.choose_password(found, user, password, actor=VISITOR, now=world.clock())


def accept_invitation(world: World, password: str) -> Act:
    world.person("alice", role=Role.HELPDESK, password=None)
    found, user = link(world, Purpose.INVITATION, "alice"), world.user("alice")
    return lambda: invitations.accept(found, user, password, actor=VISITOR, now=world.clock())


def create_with_password(world: World, password: str) -> Act:
    profile = Profile("alice@example.com", "Alice")
    return lambda: accounts.create(profile, groups=[], password=password, actor=TERMINAL, now=world.clock())


def set_up_with_password(world: World, password: str) -> Act:
    found = link(world, Purpose.SETUP)
    return lambda: become_administrator(world, found, "eve@example.com", password)


NEW_PASSWORDS: dict[Callable[..., object], Callable[[World, str], Act]] = {
    accounts.create: create_with_password,
    first_administrator.create_first_administrator: set_up_with_password,
    change.change_own: change_own,
    change.set_from_terminal: set_from_terminal,
    reset_by_mail.choose_password: choose_by_link,
    invitations.accept: accept_invitation,
}
BY_THEIR_USERS = (change.change_own, reset_by_mail.choose_password, invitations.accept)


def refusing_the_password(prepare: Callable[[World, str], Act]) -> Arrange:
    return lambda world: prepare(world, SHORT)


def busy(prepare: Callable[[World, str], Act], reason: str, password: str) -> Arrange:
    return lambda world: while_(BUSY[reason], prepare(world, password))


for _verb, _new in NEW_PASSWORDS.items():
    counted = (limits.NEW_PASSWORDS,) if _verb in BY_THEIR_USERS else ()
    case(_verb, errors.UnacceptablePassword, refusing_the_password(_new), charges=counted)
    for _reason in BUSY:
        case(_verb, errors.HashingQueueFull, busy(_new, _reason, NEW), _reason)


def trying_too_often(prepare: Callable[[World, str], Act]) -> Arrange:
    def arrange(world: World) -> Act:
        act = prepare(world, NEW)
        wait_for(world, limits.NEW_PASSWORDS, world.user("alice").id)
        return act

    return arrange


for _verb in BY_THEIR_USERS:
    case(_verb, errors.Throttled, trying_too_often(NEW_PASSWORDS[_verb]), "new passwords")


def change_own_after_the_end(world: World) -> Act:
    world.person("alice")
    identity = ended(logged_in(world, "alice"))
    return lambda: enter_both(world, identity, PASSWORD)


def choose_by_a_used_link(world: World) -> Act:
    world.person("alice")
    found = used_up(link(world, Purpose.PASSWORD_RESET, "alice"))
    user = world.user("alice")
    return lambda: reset_by_mail.choose_password(found, user, NEW, actor=VISITOR, now=world.clock())


def accept_by_a_used_link(world: World) -> Act:
    world.person("dave", password=None)
    found, user = used_up(link(world, Purpose.INVITATION, "dave")), world.user("dave")
    return lambda: invitations.accept(found, user, NEW, actor=VISITOR, now=world.clock())


def ask_for_a_new_link_too_early(world: World) -> Act:
    world.person("dave", password=None)
    token = invitations.invite(world.user("dave"), actor=TERMINAL, now=world.clock())
    return lambda: new_links.ask(token, actor=VISITOR, now=world.clock())


def ask_for_a_link(world: World, email: str = "alice@example.com") -> Act:
    world.person("alice")
    return lambda: reset_requests.request_reset(
        email, browser=BrowserFacts(), actor=VISITOR, now=world.clock()
    )


def ask_for_too_many_links(world: World) -> Act:
    wait_for(world, limits.RESET_REQUESTS, PLACE)
    return ask_for_a_link(world)


case(change.change_own, errors.SessionEnded, change_own_after_the_end, charges=(limits.NEW_PASSWORDS,))
case(
    reset_by_mail.choose_password,
    errors.OneTimeLinkExpired,
    choose_by_a_used_link,
    charges=(limits.NEW_PASSWORDS,),
)
case(new_links.ask, errors.OneTimeLinkExpired, ask_for_a_new_link_too_early)
case(reset_requests.request_reset, errors.InvalidEmail, lambda world: ask_for_a_link(world, "nope"))
case(reset_requests.request_reset, errors.Throttled, ask_for_too_many_links)
case(
    invitations.accept,
    errors.OneTimeLinkExpired,
    accept_by_a_used_link,
    charges=(limits.NEW_PASSWORDS,),
)


# The password at the login


def sign_in(world: World, name: str, password: str) -> object:
    """Log in at a browser that knows nobody."""
    return password_step.sign_in(
        f"{name}@example.com",
        password,
        browser=BrowserFacts(),
        hmac_key=HMAC_KEY,
        actor=VISITOR,
        now=world.clock(),
    )


def sign_in_by_a_used_link(world: World) -> Act:
    world.person("dave")
    found = used_up(link(world, Purpose.ENROLMENT, "dave"))
    return lambda: password_step.sign_in(
        "dave@example.com",
        PASSWORD,
        link=found,
        browser=BrowserFacts(),
        hmac_key=HMAC_KEY,
        actor=VISITOR,
        now=world.clock(),
    )


def check_at_login(world: World, name: str, password: str) -> None:
    subject = subject_facts.find_by_email(f"{name}@example.com")
    attempts.check_at_login(
        subject.user if subject else None,
        password,
        email_digest="digest",
        browser_id=None,
        actor=VISITOR,
        now=world.clock(),
    )


def at_login(
    act: Callable[[World, str, str], object],
    password: str,
    before: Callable[[World], object] = lambda world: None,
    name: str = "alice",
) -> Arrange:
    """Let alice, or nobody, log in with this password, after something has happened."""

    def arrange(world: World) -> Act:
        world.person("alice")
        before(world)
        return lambda: act(world, name, password)

    return arrange


def guess_until_a_delay(world: World) -> None:
    wait_for(world, limits.PASSWORD_UNKNOWN_BROWSER, world.user("alice").id)


def guess_until_the_end(world: World) -> None:
    lock_out(world, limits.PASSWORD_UNKNOWN_BROWSER, world.user("alice").id)


def guess_but_for_one(world: World) -> None:
    fail_but_for_one(world, limits.PASSWORD_UNKNOWN_BROWSER, world.user("alice").id)


def come_too_often(world: World) -> None:
    wait_for(world, limits.PASSWORD_NETWORK, PLACE)


def lock_alice(world: World) -> None:
    world.user("alice").account_locked_at = world.clock()


def disable_alice(world: World) -> None:
    accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())


LOGINS: dict[Callable[..., object], Callable[[World, str, str], object]] = {
    password_step.sign_in: sign_in,
    attempts.check_at_login: check_at_login,
}
_COUNTED = (limits.PASSWORD_NETWORK, limits.PASSWORD_UNKNOWN_BROWSER)
_REFUSED = ("password.refused",)

case(
    password_step.sign_in,
    errors.OneTimeLinkExpired,
    sign_in_by_a_used_link,
)

for _verb, _log_in in LOGINS.items():
    case(
        _verb,
        errors.WrongCredentials,
        at_login(_log_in, WRONG),
        "wrong password",
        charges=_COUNTED,
        events=_REFUSED,
    )
    case(
        _verb,
        errors.WrongCredentials,
        at_login(_log_in, PASSWORD, name="nobody"),
        "unknown address",
        charges=(limits.PASSWORD_NETWORK, limits.PASSWORD_UNKNOWN_USER),
        events=_REFUSED,
    )
    case(
        _verb,
        errors.AccountClosed,
        at_login(_log_in, PASSWORD, disable_alice),
        charges=_COUNTED,
        events=_REFUSED,
    )
    case(
        _verb,
        errors.WrongCredentials,
        at_login(_log_in, WRONG, disable_alice),
        "disabled account",
        charges=_COUNTED,
        events=_REFUSED,
    )
    case(
        _verb,
        errors.AccountLocked,
        at_login(_log_in, PASSWORD, lock_alice),
        charges=_COUNTED,
        events=_REFUSED,
    )
    case(
        _verb,
        errors.WrongCredentials,
        at_login(_log_in, WRONG, lock_alice),
        "locked account",
        charges=_COUNTED,
        events=_REFUSED,
    )
    case(
        _verb,
        errors.WrongCredentials,
        at_login(_log_in, WRONG, guess_but_for_one),
        "last attempt",
        charges=_COUNTED,
        events=(*_REFUSED, "password.closed"),
    )
    case(
        _verb,
        errors.Throttled,
        at_login(_log_in, PASSWORD, guess_until_a_delay),
        "account",
        charges=(limits.PASSWORD_NETWORK,),
    )
    case(_verb, errors.Throttled, at_login(_log_in, PASSWORD, come_too_often), "network")
    case(
        _verb,
        errors.PasswordLocked,
        at_login(_log_in, PASSWORD, guess_until_the_end),
        charges=(limits.PASSWORD_NETWORK,),
    )


def busy_login(act: Callable[[World, str, str], object], reason: str) -> Arrange:
    return lambda world: while_(BUSY[reason], at_login(act, PASSWORD)(world))


for _verb, _log_in in LOGINS.items():
    for _reason in BUSY:
        case(_verb, errors.HashingQueueFull, busy_login(_log_in, _reason), _reason)


# The current password, asked again

OWN_PASSWORD: dict[Callable[..., object], Callable[[World, Identity, str], object]] = {
    change.change_own: enter_both,
    attempts.check_own_password: lambda world, identity, password: attempts.check_own_password(
        identity.user, password, actor=VISITOR, now=world.clock()
    ),
    reauthentication.confirm_by_password: lambda world, identity, password: (
        reauthentication.confirm_by_password(identity, password, actor=VISITOR, now=world.clock())
    ),
}


def own_password(
    act: Callable[[World, Identity, str], object],
    password: str,
    before: Callable[[World, str], object] = lambda world, key: None,
) -> Arrange:
    """Let alice enter this password within a session, after something has happened to its counter."""

    def arrange(world: World) -> Act:
        world.person("alice")
        identity = logged_in(world, "alice")
        before(world, f"{identity.user.id}:session")
        return lambda: act(world, identity, password)

    return arrange


def delayed(world: World, key: str) -> None:
    wait_for(world, limits.PASSWORD_KNOWN_BROWSER, key)


def locked(world: World, key: str) -> None:
    lock_out(world, limits.PASSWORD_KNOWN_BROWSER, key)


def busy_session(act: Callable[[World, Identity, str], object], reason: str) -> Arrange:
    return lambda world: while_(BUSY[reason], own_password(act, PASSWORD)(world))


for _verb, _enter in OWN_PASSWORD.items():
    case(
        _verb,
        errors.WrongPassword,
        own_password(_enter, WRONG),
        charges=(limits.PASSWORD_KNOWN_BROWSER,),
        events=_REFUSED,
    )
    case(_verb, errors.Throttled, own_password(_enter, PASSWORD, delayed))
    case(_verb, errors.PasswordLocked, own_password(_enter, PASSWORD, locked))
    for _reason in BUSY:
        case(_verb, errors.HashingQueueFull, busy_session(_enter, _reason), f"current, {_reason}")


def password_after_the_end(world: World) -> Act:
    world.person("alice")
    identity = ended(logged_in(world, "alice"))
    return lambda: reauthentication.confirm_by_password(identity, PASSWORD, actor=VISITOR, now=world.clock())


case(reauthentication.confirm_by_password, errors.SessionEnded, password_after_the_end)
