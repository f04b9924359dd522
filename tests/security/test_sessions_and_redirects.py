"""F. Sessions, forms and redirects: eve lures, plants, copies and spells things in other ways."""

import csv
import io
import itertools

import pytest
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select, update

from mfa_app import create_app
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.mail import delivery
from mfa_app.core.users import accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, AuthSession, Role, Throttle, User
from mfa_app.wording.user_agents import browser_name
from tests.support.browser import Visitor
from tests.support.routes import address, is_public, rules
from tests.support.stories import alice_past_both_gates
from tests.support.tables import changed
from tests.support.world import CALLED_BACK, PASSWORD, TERMINAL, World

PROBE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}${7*7}<%=7*7%>"


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, who has passed both gates."""
    return world.after(alice_past_both_gates)


def test_a_planted_session_is_not_the_one_that_alice_logs_in_to(world: World, alice: Visitor) -> None:
    """Attack 47: eve plants both cookies of her own browser, pending login included."""
    eve = world.password_given("alice")
    victim = world.visitor()
    planted = {name: eve.cookie(name) for name in ("sid", "form")}
    for name, value in planted.items():
        victim.client.set_cookie(name, value)
    world.log_in_and_wait("alice", victim)
    assert {name: victim.cookie(name) for name in planted if victim.cookie(name) == planted[name]} == {}
    assert eve.open("/").path == "/login"


def test_what_stood_in_the_form_cookie_before_the_login_is_gone_after_it(world: World) -> None:
    """Attack 47: eve writes a link's token into the form cookie, which the login must not keep."""
    world.person("bob")
    bob = world.visitor()
    with bob.client.session_transaction() as planted:
        planted["link"], planted["extra"] = "A" * 43, "eve"
    world.password_given("bob", bob)
    with bob.client.session_transaction() as kept:
        assert set(kept) <= {"csrf_token", "_flashes"}


def test_no_form_counts_that_comes_from_elsewhere(world: World, alice: Visitor) -> None:
    """Attacks 51 and 36: every address that takes a POST, with alice's cookies and without her token.

    Each is tried without an origin, and with one of the others in turn.
    """
    posts = [address(rule) for rule in rules(world.app) if "POST" in rule.methods]
    headers = {"Referer": "https://evil.example/", "Sec-Fetch-Site": "cross-site"}
    origins = itertools.cycle(({"Origin": "null"}, {"Origin": "https://evil.example"}))
    data = {"email": "a@b.example", "password": "x", "code": "1", "confirm": "y", "reason": "because of eve"}

    def attack() -> None:
        for path, origin in [*((path, {}) for path in posts), *zip(posts, origins, strict=False)]:
            said = {**headers, **origin}
            page = alice.open(path, method="POST", data=data, headers=said, follow=False)
            assert page.status == 400, (path, origin)

    assert len(posts) > 25
    assert changed(world.app, attack) == set()


def test_a_token_counts_for_the_browser_that_it_was_made_for(world: World, alice: Visitor) -> None:
    """Attack 51: eve is logged in herself and uses her own token, in the form and in a header."""
    world.person("eve")
    token = world.password_given("eve").page.value("csrf_token")
    for extra in ({"data": {"csrf_token": token}}, {"headers": {"X-CSRFToken": token}}):
        assert alice.open("/logout", method="POST", follow=False, **extra).status == 400
    assert alice.open("/").path == "/"


def test_eve_cannot_log_alice_in_to_eves_account(world: World) -> None:
    """Attack 53: the login form has a token of the browser, too."""
    world.person("eve")
    eve, victim = world.visitor(), world.visitor()
    token = eve.open("/login").value("csrf_token")
    victim.open("/login")
    data = {"email": "eve@example.com", "password": PASSWORD, "csrf_token": token}
    assert victim.open("/login", method="POST", data=data).status == 400
    assert victim.cookie("sid") is None
    assert world.count(AuthSession) == 0


def test_looking_changes_nothing(world: World, alice: Visitor) -> None:
    """Attack 55: HEAD and GET on each page of a carol who may open all; the whole database is compared.

    OPTIONS comes to no view: it is asked of every tenth page.
    """
    world.linked_earlier("carol")
    carol = world.log_in_and_wait("carol")
    carol.open("/enrolment")  # the QR code is made at the first look
    carol.open("/account/passkeys/question")  # and so is the name under which passkeys know carol
    pages = [address(rule) for rule in rules(world.app) if "GET" in rule.methods]

    def attack() -> None:
        asked = [*itertools.product(("HEAD", "GET"), pages), *(("OPTIONS", page) for page in pages[::10])]
        for method, path in asked:
            assert carol.open(path, method=method, follow=False).status < 500, (method, path)

    assert changed(world.app, attack) == set()


@pytest.mark.parametrize(
    "method", ["TRACE", "CONNECT", "PUT", "PATCH", "DELETE", "PROPFIND", "GET\tX", "get"]
)
def test_no_other_method_is_answered(direct_world: World, method: str) -> None:
    """Attack 55, on the served site."""
    head = f"{method} /login HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: a=reflected\r\nConnection: close\r\n\r\n"
    answer = direct_world.site.raw(head)
    assert answer.split(b" ", 2)[1] in (b"400", b"404", b"405")
    assert b"reflected" not in answer


def test_a_form_cookie_of_an_old_key_is_an_empty_one(world: World, alice: Visitor) -> None:
    """Attack 56: eve knows a SECRET_KEY that was changed since, or the one of another installation."""
    old = {"SECRET_KEY": "an old key that everybody knows by now", "MAIL_IN_BACKGROUND": False}
    other = create_app(world.app.config["SETTINGS"], **old)
    serializer = SecureCookieSessionInterface().get_signing_serializer(other)
    token = alice.open("/").value("csrf_token")
    forged = world.visitor()
    forged.client.set_cookie("form", serializer.dumps({"csrf_token": "x", "link": "A" * 43}))
    assert forged.open("/login").status == 200
    assert forged.open("/logout", method="POST", data={"csrf_token": token}).status == 400
    assert forged.open("/password/choose").status == 410


def test_a_session_ends_when_the_role_changes_while_it_is_open(world: World, alice: Visitor) -> None:
    """Attack 54 of requirements: neither a rise nor a fall leaves the old session standing."""
    world.linked_earlier("carol")
    carol = world.log_in_and_wait("carol")
    world.linked_earlier("cora", role=Role.ADMIN)
    with world.data():
        for name, role in (("alice", Role.HELPDESK), ("carol", Role.STAFF)):
            profile = Profile(f"{name}@example.com", name, role)
            accounts.edit(world.user(name), profile, actor=TERMINAL, now=world.clock())
    assert alice.open("/admin/people").path == "/login"
    assert carol.open("/admin/people").path == "/login"
    assert world.log_in_and_wait("carol", carol).open("/admin/people").status == 403


def test_a_stolen_token_dies_with_the_logout_of_its_owner(world: World, alice: Visitor) -> None:
    """Attack 48: replayed after logging out, and after logging out everywhere elsewhere."""
    thief, second = world.visitor(), world.log_in_and_wait("alice")
    thief.client.set_cookie("sid", second.cookie("sid"))
    assert thief.open("/").path == "/"
    alice.open("/account")
    alice.press("Yes, log out everywhere")
    assert thief.open("/").path == "/login"
    assert second.open("/").path == "/login"
    assert world.events("alice")[-1] == "sessions.ended"


def test_logging_out_another_place_stands_on_the_trail(world: World, alice: Visitor) -> None:
    """Requirement 61: whoever rides on alice's session cannot throw her other places out unseen."""
    other = world.log_in_and_wait("alice")
    with world.data():
        here = db.session.scalars(select(AuthSession.id).order_by(AuthSession.created_at.desc())).first()
    alice.open("/account")
    assert alice.post(f"/account/sessions/{here}/end").status == 302
    assert other.open("/").path == "/login"
    assert world.events("alice")[-1] == "sessions.ended"
    assert world.details("sessions.ended") == {"count": 1, "because": "logged out by hand"}


def test_a_password_that_confirms_stands_on_the_trail(world: World) -> None:
    """Requirement 61: each password that was looked at, and not only the wrong ones."""
    world.person("bob")
    bob = world.password_given("bob")
    world.clock.advance(minutes=21)
    bob.open("/account/password")
    before = world.events("bob")
    bob.press("Confirm", password=PASSWORD)
    assert world.events("bob") == [*before, "password.accepted"]


def test_names_and_reasons_of_eve_run_on_no_page_of_administration(world: World) -> None:
    """Attack 58: person, group, reason, user agent; shown to administrators on every page that names them."""
    world.linked_earlier("carol")
    world.person("eve")
    world.rename("eve", PROBE)
    world.group(PROBE)
    with world.data():
        groups.add_member(groups.find(PROBE), world.user("eve"), actor=TERMINAL, now=world.clock())
        reset_second_factor(
            world.user("eve"), reason=PROBE, checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
        )
    world.password_given("eve", world.visitor(browser=PROBE)).open("/account")
    carol, number = world.log_in_and_wait("carol"), world.id_of("eve")
    for path in (page.replace("/people/1", f"/people/{number}") for page in admin_pages(world)):
        if not path.endswith(".csv"):  # a file for a spreadsheet: markup in it is text
            assert_inert(carol.open(path).response.text, path)


def assert_inert(text: str, where: str) -> None:
    """Fail where a probe of eve's stands in a page or a mail as more than text."""
    for sign in ("<script>alert", "<img src=x", "49${", "$49"):
        assert sign not in text, where


def test_names_and_reasons_of_eve_run_in_no_mail(world: World) -> None:
    """Attack 58, in what people open with a mail program."""
    world.linked_earlier("alice")
    world.rename("alice", PROBE)
    with world.data():
        reset_second_factor(
            world.user("alice"), reason=PROBE, checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
        )
    world.visitor(browser=PROBE).open("/password/forgotten")
    eve = world.visitor(browser=PROBE)
    eve.open("/password/forgotten")
    eve.press("Send the link", email="alice@example.com")
    folder = world.app.config["SETTINGS"].instance_path / "outbox"
    mails = [path.read_text("utf-8") for path in folder.glob("*.eml")]
    assert len(mails) >= 2
    for mail in mails:
        html = mail.partition("text/html")[2]
        assert_inert(html, mail)


def test_a_name_adds_no_line_to_the_head_of_a_mail(world: World) -> None:
    """Attack 58: a name with line breaks, in the mails that greet with it and in the subject."""
    world.person("alice")
    with world.data():
        world.user("alice").name = "Alice\r\nBcc: eve@evil.example\r\n\r\nPlease pay"
        reset_second_factor(
            world.user("alice"), reason="x" * 9, checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
        )
    with world.app.app_context():
        delivery.deliver_due()
    head = world.last_mail().partition("\n\n")[0]
    assert "Bcc" not in head


@pytest.mark.parametrize(
    "agent",
    [
        "Your account is blocked: call 555 1234 [security] Bot 1",
        "Mozilla/5.0 (Send your code to eve; ) Firefox/1",
        PROBE,
    ],
)
def test_a_user_agent_puts_no_words_of_eves_into_a_mail(world: World, agent: str) -> None:
    """Attack 58: the mail about wrong codes tells alice with which browser; eve chooses what that says."""
    world.linked_earlier("alice")
    eve = world.password_given("alice", world.visitor(browser=agent))
    for _ in range(3):
        eve.press("Log in", code=world.phones["alice"].wrong_code())
    mail = world.last_mail()
    assert "Browser: " in mail
    assert not any(word in mail for word in ("555 1234", "to eve", "alert(1)", "7*7"))
    with world.app.app_context():
        assert len(browser_name(agent)) < 60


def test_the_download_runs_nothing_of_eves(world: World) -> None:
    """Attack 58, in a spreadsheet, a German one too: user agent, address and reason begin like formulas."""
    world.linked_earlier("carol")
    world.person("=cmd|calc")
    for browser in ("=HYPERLINK(1)", "x;=1+cmd|' /C calc'!A0;y", 'x";"@SUM(1)'):
        world.password_given("=cmd|calc", world.visitor(browser=browser))
    carol = world.log_in_and_wait("carol")
    carol.open("/admin/trail")
    text = carol.post("/admin/trail.csv").response.text
    assert all(word in text for word in ("HYPERLINK", "calc'!A0", "@SUM"))
    for separator in (",", ";"):
        cells = [cell for row in csv.reader(io.StringIO(text), delimiter=separator) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_page_of_the_trail_shows_what_was_refused_to_whom(world: World, alice: Visitor) -> None:
    """Requirement 61: each refused page leaves one row that names who, what and from where."""
    refused = [path for path in admin_pages(world) if alice.open(path, follow=False).status == 403]
    with world.data():
        told = select(AuditEvent).where(AuditEvent.event == "access.refused").order_by(AuditEvent.id)
        rows = db.session.scalars(told).all()
        assert [row.details["page"] for row in rows] == refused
        assert {(row.actor_name, row.ip_address) for row in rows} == {("alice@example.com", "192.0.2.1")}
    assert len(refused) > 10


def test_whoever_asks_for_refused_pages_without_end_does_not_fill_the_trail(
    world: World, alice: Visitor
) -> None:
    """Requirement 61: sixty rows an hour tell enough of one person; most of them are skipped here."""

    def refused() -> int:
        assert alice.open("/admin/people", follow=False).status == 403
        return world.events().count("access.refused")

    assert [refused(), refused()] == [1, 2]
    with world.data():
        counter = update(Throttle).where(Throttle.key.startswith("refused:"))
        db.session.execute(counter.values(failures=Throttle.failures + 56))
    assert [refused() for _ in range(4)] == [3, 4, 4, 4]
    world.clock.advance(minutes=59)
    assert refused() == 4
    world.clock.advance(minutes=1)
    assert refused() == 5


def admin_pages(world: World) -> list[str]:
    found = [rule for rule in rules(world.app) if "GET" in rule.methods and not is_public(world.app, rule)]
    return [address(rule) for rule in found if rule.endpoint.startswith("admin.")]


def test_a_user_without_a_password_hash_is_nobody_to_any_password(world: World) -> None:
    """Attack 64: an invited person, and a hash that somebody has spoilt in the database."""
    world.person("dora", password=None)
    for stored in (None, "", "*", "$argon2id$", PASSWORD):
        with world.data():
            db.session.get_one(User, world.user("dora").id).password_hash = stored
        eve = world.visitor()
        eve.open("/login")
        for typed in (PASSWORD, "*", "$argon2id$", "None"):
            visitor = eve.copy(f"203.0.113.{len(typed)}")
            page = visitor.press("Log in", email="dora@example.com", password=typed)
            assert page.path == "/login"
        world.clock.advance(hours=1)
