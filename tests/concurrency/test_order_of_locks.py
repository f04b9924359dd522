"""What runs beside a revocation or a login of the same person waits for it, so PostgreSQL ends neither."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from mfa_app.core.common.locks import lock_user
from mfa_app.core.factors import enrolment
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.sessions import sessions
from mfa_app.core.sessions.revocation import RevocationReason, revoke_access
from mfa_app.core.throttling import counters, limits
from mfa_app.core.users import account_lock, accounts
from mfa_app.extensions import db
from mfa_app.models import Authenticator, AuthSession, Role, Throttle, User
from tests.support.authenticator import Authenticator as SoftwareAuthenticator
from tests.support.browser import Page
from tests.support.passkeys import add_passkey, asked_of_anyone
from tests.support.stories import dave_at_work
from tests.support.world import CALLED_BACK, PASSWORD, TERMINAL, VISITOR, World

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("backend", ["postgresql"], indirect=True),
]
WAITING = db.text("SELECT count(*) FROM pg_locks WHERE NOT granted")


def revoke(alice: User, _world: World) -> None:
    revoke_access(alice, because=RevocationReason.LOGGED_OUT_EVERYWHERE, actor=TERMINAL)


def reset(alice: User, world: World) -> None:
    reset_second_factor(alice, reason="lost phone", checked=CALLED_BACK, actor=TERMINAL, now=world.clock())


def disable(alice: User, world: World) -> None:
    accounts.disable(alice, actor=TERMINAL, now=world.clock())


def lock(alice: User, world: World) -> None:
    account_lock.lock_for(alice, actor=TERMINAL, now=world.clock())


def beside(world: World, request: Callable[[], Page], end: Callable[[User, World], None] = revoke) -> Page:
    """Begin to end alice's access, let a request come so far that it waits for that, and go on."""
    with world.app.app_context(), ThreadPoolExecutor(1) as pool:
        alice = world.user("alice")
        lock_user(alice)
        answer = pool.submit(request)
        while not db.session.scalar(WAITING):
            assert not answer.done(), answer.result().text
        end(alice, world)
        db.session.commit()
        return answer.result()


def test_logging_in_again_in_a_browser_that_holds_a_session(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    fields = {"email": "alice@example.com", "password": PASSWORD}
    assert beside(world, lambda: alice.post("/login", **fields)).status == 302
    assert alice.open("/").path == "/login"


def test_logging_in_to_an_account_that_is_just_being_locked(world: World) -> None:
    world.person("alice")
    alice = world.visitor()
    alice.open("/login")
    fields = {"email": "alice@example.com", "password": PASSWORD}
    beside(world, lambda: alice.post("/login", **fields), lock)
    assert alice.open("/").path == "/login"
    assert "login.completed" not in world.events()


def test_entering_a_code_for_an_account_that_is_just_being_locked(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice, code = world.password_given("alice"), world.next_code("alice")
    beside(world, lambda: alice.post("/login/code", code=code, remember="y"), lock)
    assert alice.open("/").path == "/login"
    assert "login.completed" not in world.events()


def test_logging_in_with_a_passkey_alone(world: World) -> None:
    """The login waits, and is none: neither on the trail, nor in a mail."""
    world.group("Finance", required=True, passkey_alone=True)
    world.linked_earlier("alice", groups_=("Finance",))
    device = SoftwareAuthenticator()
    add_passkey(world.log_in_and_wait("alice"), device)
    alice = world.visitor()
    alice.open("/login")
    answer = device.answer(asked_of_anyone(alice))
    beside(world, lambda: alice.post("/login/passkey-alone", credential=answer), disable)
    assert alice.open("/").path == "/login"
    assert world.events()[-1] == "code.refused"
    assert world.details("login.completed") == {"method": "code"}
    assert world.mails("alice")[-1] == "passkey_added"


def test_choosing_a_password_by_a_mailed_link(world: World) -> None:
    world.person("alice")
    with world.data():
        token = one_time_links.create(Purpose.PASSWORD_RESET, world.user("alice"), now=world.clock())
    alice = world.visitor()
    alice.open(f"/link/{token}")
    word = "eleven slow trams across the bridge"
    page = beside(world, lambda: alice.press("Save password", password=word))
    assert page.status == 410
    assert "password.changed" not in world.events()


def test_resetting_somebody_who_is_just_linking_an_app(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    alice = world.password_given("alice")
    code = world.phone_that_scans(alice.page).code()
    with world.app.app_context(), ThreadPoolExecutor(1) as pool:
        identity = sessions.find(alice.cookie("sid"), now=world.clock())
        enrolment.confirm(identity, code, actor=VISITOR, now=world.clock())
        answer = pool.submit(world.reset, "alice")
        while not db.session.scalar(WAITING):
            assert not answer.done(), answer.result()
        db.session.commit()
        answer.result()
    assert (world.count(AuthSession), world.count(Authenticator)) == (0, 0)


@pytest.mark.parametrize("removing", [False, True], ids=["reset", "removal"])
def test_resetting_somebody_who_is_just_becoming_an_administrator(world: World, removing: bool) -> None:
    world.linked_earlier("alice")
    dave = dave_at_work(world)
    path = world.removal_page("alice") if removing else f"/admin/people/{world.id_of('alice')}/reset"
    dave.open(path)
    with world.app.app_context(), ThreadPoolExecutor(1) as pool:
        accounts.change_role(world.user("alice"), Role.ADMIN, actor=TERMINAL, now=world.clock())
        db.session.flush()
        answer = pool.submit(lambda: dave.post(path, checked="called back", reason="lost phone"))
        while not db.session.scalar(WAITING):
            assert not answer.done(), answer.result().text
        db.session.commit()
        assert answer.result().status == 403
    assert world.count(Authenticator, Authenticator.user_id == world.id_of("alice")) == 1


def test_switching_2fa_off_for_oneself(world: World) -> None:
    world.person("alice")
    alice = world.link_and_wait("alice")
    alice.open("/account")
    address = f"{world.app_page('alice')}/remove"
    page = beside(world, lambda: alice.post(address), end=reset)
    assert page.status == 302
    assert page.response.location.startswith("/login")
    assert world.events("alice").count("authenticator.removed") == 0


def charge_login(world: World) -> list[counters.Charge]:
    network, account = (limits.PASSWORD_NETWORK, "office"), (limits.PASSWORD_UNKNOWN_BROWSER, "alice")
    return counters.charge_all(network, account, now=world.clock())


def reset_charges(world: World, charges: list[counters.Charge]) -> None:
    with world.app.app_context():
        counters.reset_after_success(*charges)
        db.session.commit()


def test_two_logins_of_one_person_from_a_network_in_which_somebody_has_failed(world: World) -> None:
    with world.app.app_context(), ThreadPoolExecutor(1) as pool:
        counters.charge(limits.PASSWORD_NETWORK, "office", now=world.clock())
        network, account = first = charge_login(world)
        assert network.key < account.key
        db.session.execute(select(Throttle.key).where(Throttle.key == network.key).with_for_update())
        answer = pool.submit(reset_charges, world, first)
        while not db.session.scalar(WAITING):
            assert not answer.done(), answer.result()
        charge_login(world)  # the second login locks the network first, then the account
        answer.result()
        left = {row.key: row.failures for row in db.session.execute(select(Throttle.key, Throttle.failures))}
    assert left == {network.key: 2, account.key: 1}


def test_two_tabs_that_open_the_linking_page_at_once_show_one_secret(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    with world.app.app_context(), ThreadPoolExecutor(1) as pool:
        identity = sessions.find(alice.cookie("sid"), now=world.clock())
        first = enrolment.begin(identity, now=world.clock())
        answer = pool.submit(alice.open, "/enrolment")
        while not db.session.scalar(WAITING):
            assert not answer.done(), answer.result().text
        db.session.commit()
        assert world.phone_that_scans(answer.result()).secret == first.secret
