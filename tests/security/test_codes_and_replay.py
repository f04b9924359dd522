"""A. Codes: eve has the password and tries to make a code count twice, early, late or for somebody else."""

import json

import pytest

from mfa_app.models import AuthSession, Throttle
from tests.support.browser import Visitor
from tests.support.requests import FORM, form
from tests.support.served_site import at_once
from tests.support.stories import alice_at_the_code_page
from tests.support.world import PASSWORD, World


@pytest.fixture
def eve(world: World) -> Visitor:
    """Eve at the code page of alice, whose password she knows."""
    return world.after(alice_at_the_code_page)


def test_a_code_used_to_confirm_opens_no_login(world: World, eve: Visitor) -> None:
    """Attack 1: a code counts once, whatever it was asked for."""
    alice = world.log_in_and_wait("alice")
    world.clock.advance(minutes=21)
    code = world.phones["alice"].code()
    alice.open("/account/password")
    alice.press("Confirm", code=code)
    assert alice.page.path == "/account/password"
    eve = world.password_given("alice")
    assert eve.press("Log in", code=code).status == 400
    assert world.details("code.refused")["reason"] == "used"


def test_a_code_used_to_log_in_confirms_nothing(world: World, eve: Visitor) -> None:
    """Attack 1, the other way round: eve has a stolen session and a code that she saw being typed."""
    alice = world.log_in_and_wait("alice")
    world.clock.advance(minutes=21)
    code = world.phones["alice"].code()
    world.log_in_and_wait("alice")
    alice.open("/account/password")
    assert alice.press("Confirm", code=code).status == 400
    assert alice.open("/account/password").path == "/login/again"


def test_a_used_code_stays_used_after_wrong_ones(world: World, eve: Visitor) -> None:
    """Attacks 1 and 2: T+1, a wrong code, T, T+1 again."""
    phone = world.phones["alice"]
    later, now = phone.code(steps=1), phone.code()
    assert world.password_given("alice").press("Log in", code=later).path == "/"
    for code in (phone.wrong_code(), now, later):
        assert eve.press("Log in", code=code).status == 400
    assert world.count(AuthSession, AuthSession.amr == "pwd otp") == 1


def test_the_code_of_bobs_app_does_not_open_the_account_of_alice(world: World, eve: Visitor) -> None:
    """Attack 1: eve is bob, and owns an app here herself."""
    world.linked_earlier("bob", groups_=("Finance",))
    eve = world.password_given("alice")
    assert eve.press("Log in", code=world.phones["bob"].code()).status == 400
    assert world.log_in_and_wait("bob").page.path == "/"


def test_a_time_that_eve_sends_along_is_not_believed(world: World, eve: Visitor) -> None:
    """Requirement 3: an old code with the moment at which it was right, under every likely name."""
    moment = str(int(world.clock().timestamp()))
    old = world.phones["alice"].code(steps=-1)
    world.clock.advance(minutes=5)
    headers = {"Date": "Mon, 02 Mar 2026 09:00:00 GMT", "X-Request-Start": moment}
    times = dict.fromkeys(("t", "time", "timestamp", "now", "for_time", "step", "counter"), moment)
    data = {"csrf_token": eve.page.value("csrf_token"), "code": old, **times}
    page = eve.open("/login/code", method="POST", query_string=times, data=data, headers=headers)
    assert (page.path, page.status) == ("/login/code", 400)


def test_a_code_out_of_its_time_is_charged_like_any_wrong_one(world: World, eve: Visitor) -> None:
    """Attacks 6 and 111: an answer about whose clock is wrong costs a try, and opens nothing later on."""
    phone = world.phones["alice"]
    stray = [phone.code(steps=steps) for steps in (-10, -2, 21)]
    told = {eve.press("Log in", code=code).text for code in (phone.wrong_code(), *stray)}
    assert len(told) == 1
    early = phone.code(steps=10)
    assert "about 5 minutes fast" in eve.press("Log in", code=early).text
    assert eve.press("Log in", code=phone.code()).status == 429
    assert world.count(Throttle, Throttle.key.startswith("code:"), Throttle.failures == 5) == 1
    world.clock.advance(minutes=5)
    assert early == phone.code()
    assert eve.press("Log in", code=early).status == 400


NO_CODES = (
    {"code": 123456},
    {"code": ["1", "2"]},
    {"code": "\ud800"},
    {"code": "\0"},
    {"code": None},
    [1],
    1,
    "x",
)


def test_a_code_as_json_is_refused_without_an_error(world: World, eve: Visitor) -> None:
    """Attack 4: the CSRF token may come in a header, so a body of another kind gets as far as the form."""
    token = eve.page.value("csrf_token")
    headers = {"Content-Type": "application/json", "X-CSRFToken": token}
    for body in NO_CODES:
        page = eve.open("/login/code", method="POST", data=json.dumps(body), headers=headers)
        assert page.status == 400, body
    assert eve.open("/").path == "/login/code"


def test_a_used_code_is_refused_by_the_other_process_too(world: World) -> None:
    """Attacks 1 and 84: four browsers, two processes, one code."""
    name = world.linked_newcomer()
    browsers = [world.password_given(name) for _ in range(4)]
    code = world.next_code(name)
    at_once(*[lambda b=browser: b.submit("/login/code", code=code) for browser in browsers])
    late = world.password_given(name)
    assert late.submit("/login/code", code=code).status == 400
    assert world.methods(name).count("pwd otp") == 1


def test_a_megabyte_of_code_is_refused_unread(direct_world: World) -> None:
    """Attack 4."""
    browser = direct_world.password_given(direct_world.linked_newcomer())
    token = browser.page.value("csrf_token")
    body = form(csrf_token=token, code="1" * 60_000)
    assert browser.open("/login/code", method="POST", data=body, headers={"Content-Type": FORM}).status == 400
    head = f"POST /login/code HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: {FORM}\r\n"
    answer = direct_world.site.raw(f"{head}Content-Length: 1000000\r\n\r\ncode=1")
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_code_before_the_password_is_no_code(world: World, eve: Visitor) -> None:
    """Attack 1: the right code, posted together with the password, and by somebody without a session."""
    stranger = world.visitor()
    stranger.open("/login")
    code = world.phones["alice"].code()
    stranger.post("/login", email="alice@example.com", password=PASSWORD, code=code, remember="y")
    assert stranger.open("/").path == "/login/code"
    nobody = world.visitor()
    nobody.open("/login")
    assert nobody.post("/login/code", code=code).response.headers["Location"].startswith("/login")
