"""D. Linking: eve wants her own app on alice's account, or a look at the secret of alice's."""

import base64
import re
import zlib
from collections.abc import Callable

import pytest
from sqlalchemy import select

from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.extensions import db
from mfa_app.models import Authenticator, PendingEnrolment
from tests.support.browser import Visitor
from tests.support.changes import disable, end_access, reset
from tests.support.stories import alice_at_the_linking_page
from tests.support.world import CALLED_BACK, PASSWORD, TERMINAL, WRONG, World


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance at the linking page, with her password given and no app yet."""
    return world.after(alice_at_the_linking_page)


def test_eve_who_links_first_is_told_to_alice_and_undone_by_the_help_desk(
    world: World, alice: Visitor
) -> None:
    """Attack 30: with the password alone eve links her own app before alice does."""
    eve = world.link_and_wait("alice")
    # A job of the served site may have told her of the rule of Finance before.
    assert [mail for mail in world.mails("alice") if mail != "rule_starts"] == ["linked"]
    assert alice.open("/enrolment").path == "/login"
    with world.data():
        reset_second_factor(
            world.user("alice"), reason="eve", checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
        )
    assert eve.open("/").path == "/login"
    world.link_and_wait("alice", alice)
    assert world.password_given("alice", eve).press("Log in", code="123456").status == 400


def test_a_requirement_meets_an_open_session_without_an_app(world: World) -> None:
    """Attack 31: the session shows nothing more until a code has passed."""
    world.group("Finance")
    world.person("bob", groups_=("Finance",))
    bob = world.password_given("bob")
    world.require("Finance")
    for path in ("/", "/account", "/login/code"):
        assert bob.open(path).path == "/enrolment"
    phone = world.phone_that_scans(bob.page)
    assert bob.press("Enable", code=phone.code()).path == "/account/recovery-codes"
    assert world.count(Authenticator) == 1


def test_the_secret_stands_on_the_page_and_in_no_header_address_or_cookie(
    world: World, alice: Visitor
) -> None:
    """Attacks 32 and 33: also not in the form cookie, which anybody who holds it can read."""
    secret = world.phone_that_scans(alice.page).secret
    response = alice.page.response
    assert secret not in str(response.headers) + response.request.full_path
    assert not re.search(r'src="(?!data:|/static/)', response.text)
    for name in ("form", "sid"):
        assert secret not in opened(alice.cookie(name))


def opened(cookie: str) -> str:
    """Return all that can be read in a cookie without any key."""
    text = cookie
    for part in cookie.split("."):
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        text += raw.decode("latin1")
        try:
            text += zlib.decompress(raw).decode("latin1")
        except zlib.error:
            continue
    return text


def test_a_code_for_a_qr_code_of_before_links_nothing(world: World, alice: Visitor) -> None:
    """Attack 34: eve has photographed a QR code that has expired since."""
    photographed = world.phone_that_scans(alice.page)
    world.clock.advance(minutes=20)
    alice.open("/enrolment")
    fresh = world.phone_that_scans(alice.press("Confirm", password=PASSWORD))
    assert fresh.secret != photographed.secret
    assert alice.press("Enable", code=photographed.code()).status == 400
    assert world.count(Authenticator) == 0


def test_a_photographed_qr_code_is_worth_nothing_after_another_login(world: World, alice: Visitor) -> None:
    """Attack 34: the secret belongs to one session, so it ends with that."""
    photographed = world.phone_that_scans(alice.page)
    alice.post("/logout")
    assert world.count(PendingEnrolment) == 0
    alice = world.password_given("alice", alice)
    assert world.phone_that_scans(alice.page).secret != photographed.secret
    assert alice.press("Enable", code=photographed.code()).status == 400


def test_eve_cannot_name_the_secret_that_is_linked(world: World, alice: Visitor) -> None:
    """Attacks 36 and 55: fields beside the code plant nothing."""
    eve = world.phone_that_scans(world.password_given("alice").page)
    with world.data():
        row = db.session.scalars(select(PendingEnrolment).order_by(PendingEnrolment.expires_at)).first()
        ids = {"pending_id": row.id, "session_id": row.session_id, "sealed_secret": row.sealed_secret}
    alice.post("/enrolment", code=eve.code(), secret=eve.secret, otpauth_uri=eve.uri, **ids)
    assert world.count(Authenticator) == 0


def test_enable_posted_from_elsewhere_links_nothing(world: World, alice: Visitor) -> None:
    """Attack 36: without the token, and with the token of eve's own session."""
    code = world.phone_that_scans(alice.page).code()
    eve = world.password_given("alice")
    for token in (None, "", "x", eve.page.value("csrf_token")):
        data = {"code": code} if token is None else {"code": code, "csrf_token": token}
        page = alice.open("/enrolment", method="POST", data=data, headers={"Origin": "https://evil.example"})
        assert page.status == 400
    assert world.count(Authenticator) == 0


def test_an_app_by_choice_needs_the_password_of_the_last_minutes(world: World) -> None:
    """Attack 72, for people without an app: a stolen session alone links nothing later on."""
    world.person("bob")
    stolen = world.password_given("bob")
    stolen.open("/account")
    world.clock.advance(minutes=21)
    assert stolen.open("/enrolment").path == "/login/again"
    assert stolen.post("/enrolment", code="123456", follow=True).path == "/login/again"
    assert world.count(PendingEnrolment) == 0


def test_a_requirement_lets_no_old_session_link_before_the_password_is_shown_again(world: World) -> None:
    """Attacks 31 and 72: eve holds the cookie of a session whose password was given long ago."""
    world.group("Finance")
    world.person("bob", groups_=("Finance",))
    stolen = world.password_given("bob")
    world.clock.advance(minutes=20)
    world.require("Finance")
    for path in ("/", "/account", "/enrolment"):
        assert stolen.open(path).path == "/login/again"
        assert "otpauth" not in stolen.page.response.text
    assert stolen.post("/enrolment", code="123456", follow=True).path == "/login/again"
    assert stolen.press("Confirm", password=WRONG).status == 400
    assert world.count(PendingEnrolment) == 0


@pytest.mark.parametrize("end", [reset, disable, end_access])
def test_what_ends_all_access_ends_a_qr_code_on_a_page_too(
    world: World, alice: Visitor, end: Callable[[World], None]
) -> None:
    """Attack 88: eve waits at the linking page with the password."""
    code = world.phone_that_scans(alice.page).code()
    with world.data():
        end(world)
    assert alice.press("Enable", code=code).path == "/login"
    assert world.count(Authenticator) + world.count(PendingEnrolment) == 0


def test_nothing_of_a_linking_is_in_the_servers_log(direct_world: World) -> None:
    """Attack 32, on the served site."""
    name = direct_world.newcomer(groups_=(direct_world.finance(),))
    browser = direct_world.password_given(name)
    phone = direct_world.phone_that_scans(browser.page)
    code = phone.code()
    browser.submit("/enrolment", code=code)
    assert "You are now logged in" in browser.page.text
    for value in (phone.secret, code, PASSWORD, "otpauth", browser.cookies["sid"]):
        assert value not in direct_world.site.log
