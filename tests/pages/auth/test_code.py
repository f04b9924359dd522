"""The second gate: a code works once, within a step of the clock, and guessing it ends."""

import pytest
from sqlalchemy import update

from mfa_app import create_app
from mfa_app.core.common.clock import Clock
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.extensions import db
from mfa_app.models import AuthSession, Throttle
from mfa_app.settings import load_settings
from tests.support.browser import Visitor
from tests.support.phone import Phone
from tests.support.site_parts import put
from tests.support.stories import alice_at_the_code_page
from tests.support.variables import CHEAP
from tests.support.world import CALLED_BACK, PASSWORD, TERMINAL, World


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, whose app is linked, at the code page."""
    return world.after(alice_at_the_code_page)


@pytest.fixture
def phone(world: World, alice: Visitor) -> Phone:
    return world.phones["alice"]


def another(world: World) -> Visitor:
    return world.password_given("alice")


def test_the_page_is_what_the_company_asked_for(alice: Visitor) -> None:
    page = alice.page
    assert page.path == "/login/code"
    assert page.title == "2-factor authentication"
    field = page.html.find("input", attrs={"name": "code"})
    assert field["autocomplete"] == "one-time-code"
    assert field["inputmode"] == "numeric"
    assert field.has_attr("autofocus")
    assert page.html.find("input", attrs={"name": "remember"}).has_attr("checked")
    assert "Don't ask for a code on this device for 30 days" in page.text
    assert "Lost your authentication app?" in page.text


def test_the_right_code_lets_alice_in_under_a_new_token(world: World, alice: Visitor, phone: Phone) -> None:
    before = alice.cookie("sid")
    alice.press("Log in", code=phone.code())
    assert alice.page.path == "/"
    assert alice.cookie("sid") != before
    thief = world.visitor()
    thief.client.set_cookie("sid", before)
    assert thief.open("/").path == "/login"
    assert world.events("alice")[-3:] == ["code.accepted", "login.completed", "device.trusted"]


def test_a_code_works_once(world: World, alice: Visitor, phone: Phone) -> None:
    code = phone.code()
    eve = another(world)
    alice.press("Log in", code=code)
    eve.press("Log in", code=code)
    assert alice.page.path == "/"
    assert eve.page.status == 400
    assert "That code has already been used. Wait for the next one" in eve.page.text


def test_a_used_code_is_used_in_every_spelling(world: World, alice: Visitor, phone: Phone) -> None:
    code = phone.code()
    eve = another(world)
    alice.press("Log in", code=code)
    for spelling in ("{0}{1} ", " {0}{1}", "{0}{1}\n", "{0} {1}", "{0}\u00a0{1}"):
        eve.press("Log in", code=spelling.format(code[:3], code[3:]))
        assert "already been used" in eve.page.text, spelling


def test_an_older_code_is_used_up_by_a_newer_one(world: World, alice: Visitor, phone: Phone) -> None:
    eve = another(world)
    alice.press("Log in", code=phone.code(steps=1))
    assert alice.page.path == "/"
    for steps in (-1, 0, 1):
        eve.press("Log in", code=phone.code(steps=steps))
        assert eve.page.status == 400


def test_a_wrong_code_and_a_used_one_get_different_sentences(alice: Visitor, phone: Phone) -> None:
    alice.press("Log in", code=phone.wrong_code())
    assert alice.page.status == 400
    assert "That code is wrong. Enter the 6 digits your authentication app shows now." in alice.page.text
    assert "already been used" not in alice.page.text


def test_the_code_that_linked_the_app_opens_no_login(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    world.link_and_wait("alice").press("Log out")
    alice = world.password_given("alice")
    alice.press("Log in", code=world.phones["alice"].code(steps=-1))
    assert "already been used" in alice.page.text


@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_a_phone_may_be_one_step_off(alice: Visitor, phone: Phone, world: World, seconds: int) -> None:
    world.clock.advance(minutes=5)
    phone.off_by = seconds
    assert alice.press("Log in", code=phone.code()).path == "/"


def test_a_phone_may_not_be_further_off(alice: Visitor, phone: Phone, world: World) -> None:
    world.clock.advance(minutes=6)
    for steps in (-10, -3, -2, 2, 3, 10):
        world.clock.advance(seconds=30)  # after five a code has to wait so long
        alice.press("Log in", code=phone.code(steps=steps))
        assert "code is wrong" in alice.page.text, steps


def test_spaces_in_a_code_do_not_matter(alice: Visitor, phone: Phone) -> None:
    code = phone.code()
    assert alice.press("Log in", code=f" {code[:3]} {code[3:]} ").path == "/"


def test_what_is_no_code_is_refused_with_a_sentence(world: World, alice: Visitor) -> None:
    for typed in ("", "12345", "1234567", "12345678", "abcdef", "12 34", "x" * 65):
        page = alice.press("Log in", code=typed)
        assert (page.status, page.path) == (400, "/login/code"), typed
        assert page.html.find(id="code-error"), typed
    assert "code.refused" not in world.events("alice")


def test_a_wrong_code_in_the_digits_of_another_script_is_a_wrong_code(world: World, alice: Visitor) -> None:
    page = alice.press("Log in", code="\u0661\u0662\u0663\u0664\u0665\u0666")
    assert (page.status, page.path) == (400, "/login/code")
    assert page.html.find(id="code-error")
    assert world.events("alice")[-1] == "code.refused"


@pytest.mark.parametrize(
    "digits",
    [
        "\u24ea\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467\u2468",  # in circles
        "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079",  # raised
    ],
)
def test_numbers_that_no_script_writes_digits_with_are_no_code(
    world: World, alice: Visitor, phone: Phone, digits: str
) -> None:
    alice.press("Log in", code=phone.code().translate(str.maketrans("0123456789", digits)))
    assert "Enter digits only: the 6 that your authentication app shows now." in alice.page.text
    assert "code.refused" not in world.events()


@pytest.mark.parametrize(
    "digits",
    [
        "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19",  # full width
        "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669",  # Arabic
        "\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9",  # Persian
        "\U0001d7ce\U0001d7cf\U0001d7d0\U0001d7d1\U0001d7d2\U0001d7d3\U0001d7d4\U0001d7d5\U0001d7d6\U0001d7d7",
    ],
)
def test_the_right_code_in_the_digits_of_any_script_is_taken_once(
    world: World, alice: Visitor, phone: Phone, digits: str
) -> None:
    code, eve = phone.code(), another(world)
    assert alice.press("Log in", code=code.translate(str.maketrans("0123456789", digits))).path == "/"
    eve.press("Log in", code=code)
    assert "already been used" in eve.current.text


def test_after_a_wrong_code_the_field_is_empty_and_the_next_code_gets_in(
    alice: Visitor, phone: Phone
) -> None:
    alice.press("Log in", code=phone.wrong_code())
    assert "code is wrong" in alice.page.text
    assert alice.page.value("code") == ""
    assert alice.press("Log in", code=phone.code()).path == "/"


def test_after_a_new_name_of_the_site_the_page_says_which_entry_of_the_app_is_meant(
    world: World, environment: dict[str, str], alice: Visitor
) -> None:
    assert "it shows for Second Gate (127.0.0.1)." in alice.current.text
    settings = load_settings({**environment, "MFA_SITE_NAME": "Tulip Street"})
    renamed = create_app(settings, MAIL_IN_BACKGROUND=False, PASSWORD_HASH_COST=CHEAP)
    put(renamed, Clock(world.clock))
    alice.client.application = renamed
    assert "it shows for Second Gate (127.0.0.1) (now Tulip Street)." in alice.open("/login/code").text
    with renamed.app_context():
        db.engine.dispose()


def test_what_is_no_code_is_no_try(world: World, alice: Visitor, phone: Phone) -> None:
    for _ in range(7):
        assert alice.press("Log in", code=phone.wrong_code() + phone.code()).status == 400
    assert "You entered 12 digits. Enter the 6 digits your authentication app shows now." in alice.page.text
    assert alice.page.value("code") == ""
    assert "code.refused" not in world.events()
    assert alice.press("Log in", code=phone.code()).path == "/"


def test_two_codes_at_once_count_as_one_try(world: World, alice: Visitor, phone: Phone) -> None:
    alice.press("Log in", code=[phone.wrong_code(), phone.code()])
    assert alice.page.path == "/login/code"
    assert world.details("code.refused") == {
        "purpose": "login",
        "reason": "wrong",
        "seen": None,
        "failures": 1,
    }


def test_five_tries_are_free_and_then_the_wait_doubles(world: World, alice: Visitor, phone: Phone) -> None:
    wrong = phone.wrong_code()
    assert [alice.press("Log in", code=wrong).status for _ in range(6)] == [400] * 5 + [429]
    assert alice.page.response.headers["Retry-After"] == "30"
    assert "in 30 seconds" in alice.page.text
    world.clock.advance(seconds=30)
    assert [alice.press("Log in", code=phone.wrong_code()).status for _ in range(2)] == [400, 429]
    assert alice.page.response.headers["Retry-After"] == "60"


def test_while_alice_waits_even_the_right_code_is_not_looked_at(
    alice: Visitor, phone: Phone, world: World
) -> None:
    for _ in range(5):
        alice.press("Log in", code=phone.wrong_code())
    assert alice.press("Log in", code=phone.code()).status == 429
    world.clock.advance(seconds=30)
    assert alice.press("Log in", code=phone.code()).path == "/"


def test_giving_the_password_again_buys_no_more_tries(world: World, alice: Visitor, phone: Phone) -> None:
    for _ in range(5):
        alice = another(world)
        alice.press("Log in", code=phone.wrong_code())
    assert another(world).press("Log in", code=phone.wrong_code()).status == 429


def test_a_right_code_forgives_the_wrong_ones(world: World, alice: Visitor, phone: Phone) -> None:
    for _ in range(4):
        alice.press("Log in", code=phone.wrong_code())
    alice.press("Log in", code=phone.code(), remember=None)
    alice.press("Log out")
    world.clock.advance(seconds=30)
    eve = another(world)
    assert [eve.press("Log in", code=phone.wrong_code()).status for _ in range(5)] == [400] * 5


def test_after_fifty_wrong_codes_no_code_opens_the_account(
    world: World, alice: Visitor, phone: Phone
) -> None:
    alice.press("Log in", code=phone.wrong_code())
    with world.data():
        db.session.execute(update(Throttle).where(Throttle.key.like("code:%")).values(failures=49))
    alice.press("Log in", code=phone.wrong_code())
    assert "authenticator.stopped" in world.events("alice")
    assert world.mails("alice")[-1] == "authenticator_stopped"
    world.clock.advance(days=400)
    alice = another(world)
    assert "no longer accepted" in alice.page.text
    assert alice.page.html.find(attrs={"name": "code"}) is None
    alice.post("/login/code", code=phone.code())
    assert alice.open("/").path == "/login/code"


def test_a_reset_opens_the_account_after_fifty_wrong_codes(
    world: World, alice: Visitor, phone: Phone
) -> None:
    alice.press("Log in", code=phone.wrong_code())
    with world.data():
        db.session.execute(update(Throttle).where(Throttle.key.like("code:%")).values(failures=49))
    alice.press("Log in", code=phone.wrong_code())
    with world.data():
        reset_second_factor(
            world.user("alice"), reason="guessed", checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
        )
    world.link_and_wait("alice").press("Log out")
    assert world.log_in_and_wait("alice").page.path == "/"


def test_alice_is_told_when_three_wrong_codes_follow_her_right_password(
    world: World, alice: Visitor, phone: Phone
) -> None:
    for expected in (0, 0, 1, 1):
        alice.press("Log in", code=phone.wrong_code())
        assert world.mails("alice").count("wrong_codes") == expected
    assert "correct password" in world.last_mail()


@pytest.mark.parametrize(("wrong", "told"), [(2, False), (3, True), (4, True)])
def test_whoever_gets_in_after_wrong_codes_is_told_of_them(
    world: World, alice: Visitor, phone: Phone, wrong: int, told: bool
) -> None:
    eve = another(world)
    for _ in range(wrong):
        eve.press("Log in", code=phone.wrong_code())
    assert alice.press("Log in", code=phone.code()).path == "/"
    assert (f"{wrong} wrong codes were entered" in alice.page.text) == told
    assert "wrong codes" not in alice.open("/").text


def test_a_wrong_code_leaves_one_row_that_does_not_tell_it(
    world: World, alice: Visitor, phone: Phone
) -> None:
    alice.press("Log in", code=phone.wrong_code())
    assert world.events("alice").count("code.refused") == 1
    assert world.details("code.refused") == {
        "purpose": "login",
        "reason": "wrong",
        "seen": None,
        "failures": 1,
    }


def test_between_the_gates_there_are_ten_minutes(world: World, alice: Visitor, phone: Phone) -> None:
    world.clock.advance(minutes=9, seconds=59)
    assert alice.open("/login/code").path == "/login/code"
    world.clock.advance(seconds=1)
    alice.press("Log in", code=phone.code())
    assert (alice.page.path, alice.page.title) == ("/login", "Log in")
    sentence = "More than 10 minutes have passed since you entered your password. Log in again."
    assert sentence in alice.page.text
    assert world.count(AuthSession) == 0


def test_reloading_does_not_lengthen_the_ten_minutes(world: World, alice: Visitor) -> None:
    for _ in range(5):
        world.clock.advance(minutes=2)
        alice.open("/login/code")
    assert alice.page.path == "/login"


def test_with_the_password_alone_every_other_page_leads_to_the_code(world: World, alice: Visitor) -> None:
    for path in ("/", "/account", "/account/password", "/enrolment", "/login/again"):
        assert alice.open(path).path == "/login/code"
    assert "otpauth" not in alice.page.response.text


def test_a_linked_person_never_reaches_the_linking_page_with_the_password(
    world: World, alice: Visitor
) -> None:
    alice.open("/login/code")
    alice.post("/enrolment", follow=True, code="123456")
    assert alice.page.path == "/login/code"
    assert "secret" not in alice.page.response.text
    assert world.events("alice").count("authenticator.linked") == 1


def test_with_the_password_alone_nothing_can_be_changed(world: World, alice: Visitor) -> None:
    for path in (
        "/account/password",
        f"{world.app_page('alice')}/remove",
        "/account/sessions/end",
        "/account/devices/forget",
    ):
        alice.open("/login/code")
        assert alice.post(path, follow=True, current="x", password="y").path == "/login/code"
    assert "sessions.ended" not in world.events("alice")[-1:]


def test_between_the_gates_alice_is_nobody_to_flask_login(world: World, alice: Visitor) -> None:
    assert "Alice" not in alice.page.text
    assert "Log out" not in alice.page.text


def test_somebody_else_may_log_in_instead(world: World, alice: Visitor) -> None:
    world.person("bob")
    alice.press("Not you? Log in as someone else")
    assert alice.page.path == "/login"
    assert world.count(AuthSession) == 0
    assert "Bob" in world.password_given("bob", alice).page.title


def test_without_a_password_there_is_no_code_page(world: World) -> None:
    eve = world.visitor()
    assert eve.open("/login/code").path == "/login"
    eve.post("/login/code", code="123456")
    assert eve.cookie("sid") is None


def test_the_help_page_says_whom_to_write_to(world: World, alice: Visitor) -> None:
    way = alice.page.html.find("a", string="Lost your authentication app?")
    other_ways = alice.open(way["href"]).html.find("a", string="See what else you can do")
    page = alice.open(other_ways["href"])
    assert (page.path, page.title) == ("/login/help", "Lost your app or passkey?")
    link = page.html.find("a", href=lambda value: value and value.startswith("mailto:admin@example.com?"))
    assert link.get_text(strip=True).startswith("Email the administrator")
    assert "?subject=Please%20call%20me%20back" in link["href"]


def test_turning_the_requirement_on_between_password_and_code_asks_for_it(world: World) -> None:
    world.group("Finance")
    world.person("bob", groups_=("Finance",))
    world.require("Finance")
    world.link_and_wait("bob").press("Log out")
    world.require("Finance", False)
    bob = world.password_given("bob")
    assert bob.page.path == "/"
    world.require("Finance")
    assert bob.open("/").path == "/login/code"
    bob.press("Log in", code=world.phones["bob"].code())
    assert bob.page.path == "/"


def test_turning_the_requirement_off_between_password_and_code_strands_nobody(
    world: World, alice: Visitor
) -> None:
    world.require("Finance", False)
    assert alice.open("/login/code").path == "/"
    world.require("Finance")
    assert alice.open("/").path == "/login/code"


def test_a_policy_tightened_at_noon_holds_at_the_next_click(world: World) -> None:
    world.person("bob")
    bob = world.password_given("bob")
    world.clock.advance(minutes=30)
    world.require(None)
    assert bob.open("/").path == "/login/again"
    assert bob.press("Confirm", password=PASSWORD).path == "/enrolment"


def test_whoever_was_asked_long_after_the_password_still_has_ten_minutes(
    world: World, alice: Visitor
) -> None:
    world.require("Finance", False)
    bob = another(world)
    assert bob.page.path == "/"
    world.clock.advance(minutes=45)
    world.require("Finance")
    assert bob.open("/").path == "/login/code"
    bob.press("Log in", code=world.phones["alice"].code())
    assert bob.page.path == "/"
