"""C. Skipping the second gate: eve has alice's password, and tries every other way to what lies behind."""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from mfa_app.core.audit import events
from mfa_app.core.audit.events import Event
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.clock import Clock
from mfa_app.extensions import db
from mfa_app.models import Authenticator, AuthSession, PendingEnrolment, Throttle, User
from tests.support.browser import Visitor
from tests.support.requests import status_of
from tests.support.routes import address, is_public, rules
from tests.support.site_parts import put
from tests.support.stories import alice_at_the_code_page
from tests.support.tables import changed
from tests.support.world import PASSWORD, World

OTHER_METHODS = ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "EVIL")


@pytest.fixture
def eve(world: World) -> Visitor:
    """Eve at the code page of alice, whose password she knows."""
    return world.after(alice_at_the_code_page)


def test_no_method_on_any_address_opens_anything_before_the_code(world: World, eve: Visitor) -> None:
    """Attack 21: everything leads to the code page, or is no address at all.

    Each address is asked by GET, by POST, by whatever else it takes, and by one other method in turn.
    """
    token = eve.page.value("csrf_token")
    at_the_gate = (
        "auth.code",
        "auth.recovery_code",
        "auth.passkey_question",
        "auth.answer_by_passkey",
        "auth.ask_for_reset",  # which opens nothing: tests/pages/auth/test_help_requests.py
        "auth.logout",
    )
    shut = [
        rule
        for rule in rules(world.app)
        if not is_public(world.app, rule) and rule.endpoint not in at_the_gate
    ]
    nowhere = ("/nowhere", "/oidc/authorize", "/forward-auth", "/api/session", "/.git/config")
    paths = [*map(address, shut), *nowhere]
    asked = {(method, address(rule)) for rule in shut for method in rule.methods - {"HEAD", "OPTIONS"}}
    asked |= {*itertools.product(("GET", "POST"), paths)}
    asked |= {*zip(itertools.cycle(OTHER_METHODS), paths, strict=False)}
    for method, path in sorted(asked):
        answer = eve.open(path, method=method, follow=False, headers={"X-CSRFToken": token})
        led = answer.response.headers.get("Location", "").partition("?")[0]
        for_administrators = path == "/login/break-glass" and answer.status == 403
        shut_out = answer.status in (400, 404, 405) or for_administrators
        assert led == "/login/code" or shut_out or method == "OPTIONS", path
        assert "otpauth" not in answer.response.text


def test_before_the_code_nothing_that_eve_sends_changes_a_row(world: World, eve: Visitor) -> None:
    """Attack 21: posts to everything that changes something, compared by the whole database."""
    token = eve.page.value("csrf_token")
    posts = [address(rule) for rule in rules(world.app) if "POST" in rule.methods]
    shut = [path for path in posts if not path.startswith(("/log", "/password", "/setup"))]

    def attack() -> None:
        for path in shut:
            data = {"csrf_token": token, "code": "1", "reason": "lost phone"}
            eve.open(path, method="POST", data=data, follow=False)

    assert len(shut) > 20
    assert changed(world.app, attack) == set()


def test_the_code_page_is_nothing_without_a_session_that_waits_for_it(world: World, eve: Visitor) -> None:
    """Attack 22: no pending login, the token of a finished one, and the id of a row in place of the token."""
    code = world.phones["alice"].code()
    finished = world.log_in_and_wait("alice")
    with world.data():
        ids = list(db.session.scalars(select(AuthSession.id))) + list(
            db.session.scalars(select(AuthSession.digest))
        )
    for token in [finished.cookie("sid"), *ids]:
        thief = world.visitor()
        thief.open("/login")
        thief.client.set_cookie("sid", token)
        answer = thief.post("/login/code", code=code)
        assert answer.response.headers["Location"].partition("?")[0] in ("/", "/login")
    assert world.count(AuthSession, AuthSession.amr == "pwd otp") == 1


def test_the_token_of_the_first_gate_is_dead_after_the_second(world: World, eve: Visitor) -> None:
    """Attack 22: eve planted or copied the token of alice's pending login."""
    alice = world.password_given("alice")
    eve.client.set_cookie("sid", alice.cookie("sid"))
    alice.press("Log in", code=world.phones["alice"].code())
    assert alice.page.path == "/"
    assert eve.open("/").path == "/login"


def test_eves_own_pending_login_does_not_take_the_code_of_another(world: World, eve: Visitor) -> None:
    """Attack 22: fields that name another person or session change nothing."""
    world.linked_earlier("bob", groups_=("Finance",))
    eve, bob = world.password_given("alice"), world.password_given("bob")
    fields = {"user_id": world.id_of("alice"), "email": "alice@example.com", "sid": eve.cookie("sid")}
    bob.post("/login/code", code=world.phones["bob"].code(), follow=True, **fields)
    assert "Bob" in bob.page.title


def test_logging_out_before_the_code_wipes_the_login(world: World, eve: Visitor) -> None:
    """Attack 24."""
    token, code = eve.cookie("sid"), world.phones["alice"].code()
    eve.post("/logout")
    eve.client.set_cookie("sid", token)
    eve.open("/login")
    assert eve.post("/login/code", code=code, follow=True).path == "/login"
    assert world.count(AuthSession) == 0


def swap_secrets(world: World) -> None:
    alice, bob = (
        Authenticator.query.filter_by(user_id=world.user(name).id).one() for name in ("alice", "bob")
    )
    alice.sealed_secret, bob.sealed_secret = bob.sealed_secret, alice.sealed_secret


def spoil_secrets(_world: World) -> None:
    db.session.execute(update(Authenticator).values(sealed_secret="v1:nothing:AAAA"))


def empty_secrets(_world: World) -> None:
    db.session.execute(update(Authenticator).values(sealed_secret=""))


def older_version(_world: World) -> None:
    db.session.execute(update(Authenticator).values(sealed_secret="JBSWY3DPEHPK3PXP"))


@pytest.mark.parametrize("spoil", [swap_secrets, spoil_secrets, empty_secrets, older_version])
def test_a_secret_that_cannot_be_opened_lets_nobody_in(
    world: World, eve: Visitor, spoil: Callable[[World], None]
) -> None:
    """Attack 25: whoever writes in the database moves the secret of the own app into alice's row."""
    world.linked_earlier("bob", groups_=("Finance",))
    eve = world.password_given("alice")
    codes = [world.phones[name].code() for name in ("alice", "bob")]
    with world.data():
        spoil(world)
    for code in codes:
        assert eve.press("Log in", code=code).status == 503
        assert eve.open("/").path == "/login/code"
    assert "code.accepted" not in world.events("alice")


def test_the_pending_secret_of_another_session_opens_nowhere_else(world: World, eve: Visitor) -> None:
    """Attack 25, while linking: eve swaps the sealed QR codes of two sessions."""
    world.person("dora", groups_=("Finance",))
    dora, thief = world.password_given("dora"), world.password_given("dora")
    thief.open("/enrolment")
    code = world.phone_that_scans(dora.page).code()
    with world.data():
        first, second = PendingEnrolment.query.all()
        first.sealed_secret, second.sealed_secret = second.sealed_secret, first.sealed_secret
    assert thief.press("Enable", code=code).status == 503
    assert world.count(Authenticator) == 1


@pytest.fixture
def impatient(world: World) -> Iterator[sqlite3.Connection]:
    """A connection that can lock the database; the site waits 20 ms for it, and not ten seconds."""
    with world.app.app_context():
        engine = db.engine

    def hurry(connection: sqlite3.Connection, *_more: object) -> None:
        connection.execute("PRAGMA busy_timeout = 20")

    event.listen(engine, "checkout", hurry)
    path = world.app.config["SETTINGS"].database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        yield other
    event.remove(engine, "checkout", hurry)


@pytest.mark.inside
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_locked_database_lets_nobody_in(world: World, eve: Visitor, impatient: sqlite3.Connection) -> None:
    """Attacks 25 and 91: 503 at both gates, and the right code still counts afterwards."""
    world.person("bob")
    code = world.phones["alice"].code()
    bob = world.visitor()
    bob.open("/login")
    impatient.execute("BEGIN IMMEDIATE")
    assert bob.press("Log in", email="bob@example.com", password=PASSWORD).status == 503
    assert eve.post("/login/code", code=code).status == 503
    impatient.execute("ROLLBACK")
    assert bob.cookie("sid") is None
    eve.open("/login/code")
    assert eve.press("Log in", code=code).path == "/"


@pytest.mark.inside
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_read_only_database_lets_nobody_in(world: World, eve: Visitor) -> None:
    """Attacks 25 and 91: what cannot be counted is not looked at."""
    with world.app.app_context():
        engine = db.engine

    def shut(connection: sqlite3.Connection, *_more: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    event.listen(engine, "checkout", shut)
    assert eve.post("/login/code", code=world.phones["alice"].code()).status == 503
    event.remove(engine, "checkout", shut)
    assert world.count(AuthSession, AuthSession.amr == "pwd otp") == 0


@pytest.mark.inside
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_full_disk_lets_nobody_in_and_loses_no_count(world: World, eve: Visitor) -> None:
    """Attacks 25 and 91: tries are counted still; with room again the code that was not looked at counts."""
    world.person("bob")
    right, wrong = world.phones["alice"].code(), world.phones["alice"].wrong_code()
    bob = world.visitor()
    bob.open("/login")
    with no_room(world):
        assert bob.press("Log in", email="bob@example.com", password=PASSWORD).status == 503
        for code in (right, wrong):
            eve.open("/login/code")
            assert eve.post("/login/code", code=code).status == 503
    assert (bob.cookie("sid"), bob.open("/").path) == (None, "/login")
    assert world.count(AuthSession, AuthSession.amr == "pwd otp") == 0
    assert world.count(Throttle, Throttle.key.startswith("code:"), Throttle.failures == 2) == 1
    eve.open("/login/code")
    assert eve.press("Log in", code=right).path == "/"
    assert world.password_given("bob", bob).page.path == "/"


WRITTEN_AT_THE_GATES = (Event.PASSWORD_ACCEPTED, Event.CODE_ACCEPTED, Event.CODE_REFUSED)


@contextmanager
def no_room(world: World) -> Iterator[None]:
    """Let the database not grow by a page, and use up the room that its trail has left."""
    with world.app.app_context():
        engine = db.engine

    def narrow(connection: sqlite3.Connection, *_more: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # means: as many as there are

    event.listen(engine, "checkout", narrow)
    for name, kind in itertools.product(("alice", "bob"), WRITTEN_AT_THE_GATES):
        with pytest.raises(OperationalError, match="database or disk is full"):
            for _ in range(100):
                with world.data():
                    actor = Actor("person", user_id=world.user(name).id)
                    details = dict.fromkeys(kind.details, "")
                    events.record(kind, actor=actor, subject=world.user(name), **details)
    yield
    event.remove(engine, "checkout", narrow)
    engine.dispose()


@pytest.mark.inside
def test_a_policy_that_cannot_be_read_is_no_policy_without_a_code(world: World, eve: Visitor) -> None:
    """Attack 25: never "nothing found, so nothing asked"."""
    stranger = world.visitor()
    for table in ("membership", "site_policy", "authenticator", "user_group"):
        with world.data():
            db.session.execute(db.text(f"ALTER TABLE {table} RENAME TO lost"))
        assert eve.open("/").status == 503
        assert world.password_given("alice", stranger).page.status == 503
        with world.data():
            db.session.execute(db.text(f"ALTER TABLE lost RENAME TO {table}"))
    assert stranger.open("/").path == "/login"
    assert eve.open("/").path == "/login/code"


def test_without_a_row_for_everyone_nobody_gets_in(world: World, eve: Visitor) -> None:
    """Attack 25: an empty table of the rule for everyone shuts the site; it does not open it."""
    with world.data():
        db.session.execute(db.text("DELETE FROM site_policy"))
    assert eve.open("/").path == "/login"
    assert world.password_given("alice").open("/").path == "/login"


@pytest.mark.inside
def test_a_mail_server_that_is_down_holds_up_no_login_and_spares_no_code(
    world: World, eve: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack 25."""

    def down(*_arguments: object) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr("mfa_app.core.mail.delivery.MailDelivery._deliver", down)
    for _ in range(3):
        assert eve.press("Log in", code=world.phones["alice"].wrong_code()).status == 400
    assert eve.open("/").path == "/login/code"
    assert world.mails("alice")[-1] == "wrong_codes"


@pytest.mark.inside
def test_a_clock_that_fails_lets_nobody_in(world: World, eve: Visitor) -> None:
    """Attack 25."""
    code = world.phones["alice"].code()
    put(world.app, Clock(lambda: 1 / 0))
    page = eve.post("/login/code", code=code)
    put(world.app, Clock(world.clock))
    assert page.status == 500
    assert world.count(AuthSession, AuthSession.amr == "pwd otp") == 0


OTHER_WAYS = (
    "X-OTP",
    "X-Gitea-OTP",
    "Authorization",
    "X-HTTP-Method-Override",
    "X-Original-URL",
    "Remote-User",
)


def test_no_header_takes_the_place_of_the_code(world: World, eve: Visitor) -> None:
    """Attacks 29 and 78: neither a code nor a name nor another address in any header counts."""
    code = world.phones["alice"].code()
    for value in (code, "alice@example.com", "/account", "PUT", f"Basic {code}"):
        assert eve.open("/", headers=dict.fromkeys(OTHER_WAYS, value)).path == "/login/code"
    assert world.log_in_and_wait("alice").page.path == "/"


def test_with_the_password_alone_the_linking_page_shows_no_secret_by_any_method(
    world: World, eve: Visitor
) -> None:
    """Attack 26."""
    for method in ("GET", "HEAD", "POST"):
        token = {"csrf_token": eve.open("/login/code").value("csrf_token")}
        page = eve.open("/enrolment?next=/enrolment", method=method, data=token if method == "POST" else None)
        assert page.path == "/login/code"
        assert "data:image" not in page.response.text
    assert world.count(PendingEnrolment) == 0


def test_over_the_network_a_pending_login_opens_only_the_code_page(direct_world: World) -> None:
    """Attacks 21 and 27: raw requests with the pending token; a changed answer changes nothing here."""
    name = direct_world.linked_newcomer()
    cookie = direct_world.password_given(name).cookie_line("sid")
    head = f"HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n"
    assert b"\r\nLocation: /login/code\r\n" in direct_world.site.raw(f"GET / {head}")
    for path in ("/", "/account", "/enrolment", "/admin", "/login/../account", "/%61ccount", "/account/"):
        answer = direct_world.site.raw(f"GET {path} {head}")
        assert status_of(answer) in (302, 308, 404), path
        assert name.encode() not in answer
    with direct_world.data():
        assert direct_world.user(name).last_login_at is not None
    assert direct_world.methods(name) == ["pwd"]


def test_a_person_disabled_on_the_code_page_is_out(world: World, eve: Visitor) -> None:
    """Attack 22: the right code comes too late."""
    with world.data():
        db.session.execute(update(User).values(disabled_at=world.clock()))
    assert eve.press("Log in", code=world.phones["alice"].code()).path == "/login"
