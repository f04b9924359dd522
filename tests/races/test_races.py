"""Requests that arrive in one moment at two processes: one code opens one session, and no state is half."""

from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.users import accounts
from mfa_app.extensions import db
from mfa_app.models import Authenticator, AuthSession, Throttle
from tests.races.conftest import ServedWorld
from tests.served import at_once
from tests.world import TERMINAL

MANY = 20


def test_of_twenty_posts_of_one_code_one_gets_in(race: ServedWorld) -> None:
    race.group("Finance", required=True)
    race.person("alice", groups_=("Finance",))
    race.link("alice").post("/logout")
    browsers = [race.password_given("alice") for _ in range(MANY)]
    assert {browser.page.path for browser in browsers} == {"/login/code"}
    code = race.next_code("alice")
    answers = at_once(*[lambda b=browser: b.post("/login/code", code=code) for browser in browsers])
    assert [answer.path for answer in answers].count("/") == 1
    assert race.count(AuthSession, AuthSession.amr == "pwd otp") == 1
    assert race.events().count("code.accepted") == 1
    assert {answer.status for answer in answers if answer.path != "/"} <= {400, 429}


def test_of_twenty_wrong_codes_at_most_five_are_looked_at(race: ServedWorld) -> None:
    race.group("Finance", required=True)
    race.person("alice", groups_=("Finance",))
    race.link("alice").post("/logout")
    browsers = [race.password_given("alice") for _ in range(MANY)]
    wrong = race.phones["alice"].wrong_code()
    answers = at_once(*[lambda b=browser: b.post("/login/code", code=wrong) for browser in browsers])
    assert race.events().count("code.refused") == 5
    assert [answer.status for answer in answers].count(429) == MANY - 5
    with race.data():
        counted = db.session.get_one(Throttle, f"code:{race.user('alice').id}")
        assert counted.failures == 5


def test_of_two_phones_enabled_at_once_one_is_linked(race: ServedWorld) -> None:
    race.group("Finance", required=True)
    race.person("alice", groups_=("Finance",))
    alice, eve = race.password_given("alice"), race.password_given("alice")
    codes = [race.phone_of(browser).code() for browser in (alice, eve)]
    assert codes[0] != codes[1]
    at_once(lambda: alice.post("/enrolment", code=codes[0]), lambda: eve.post("/enrolment", code=codes[1]))
    assert sorted([alice.open("/").path, eve.open("/").path])[0] == "/"
    assert {alice.page.path, eve.page.path} <= {"/", "/login", "/login/code"}
    assert [alice.page.path, eve.page.path].count("/") == 1
    assert race.count(Authenticator) == 1
    assert race.events().count("authenticator.linked") == 1


def test_two_presses_of_enable_in_one_browser_link_once(race: ServedWorld) -> None:
    race.group("Finance", required=True)
    race.person("alice", groups_=("Finance",))
    alice = race.password_given("alice")
    code = race.phone_of(alice).code()
    answers = at_once(*[lambda: alice.post("/enrolment", code=code)] * 4)
    assert {answer.status for answer in answers} <= {200, 400}
    assert race.count(Authenticator) == 1
    assert race.events().count("authenticator.linked") == 1


def test_a_reset_beside_a_login_leaves_nobody_logged_in(race: ServedWorld) -> None:
    race.group("Finance", required=True)
    race.person("alice", groups_=("Finance",))
    for _round in range(3):
        alice = race.link("alice")
        alice.post("/logout")
        race.password_given("alice", alice)
        code = race.next_code("alice")
        at_once(lambda: alice.post("/login/code", code=code, remember="y"), lambda: reset(race))  # noqa: B023
        assert alice.open("/").path == "/login"
        assert race.password_given("alice", alice).page.path == "/enrolment"


def test_a_reset_beside_linking_leaves_an_app_with_its_session_or_neither(race: ServedWorld) -> None:
    race.group("Finance", required=True)
    race.person("alice", groups_=("Finance",))
    alice = race.password_given("alice")
    code = race.phone_of(alice).code()
    at_once(lambda: alice.post("/enrolment", code=code), lambda: reset(race))
    linked = race.count(Authenticator) == 1
    assert (alice.open("/").path == "/") == linked


def test_disabling_beside_the_password_leaves_nobody_logged_in(race: ServedWorld) -> None:
    race.person("alice")
    browsers = [race.browser() for _ in range(4)]
    at_once(
        *[lambda b=browser: race.password_given("alice", b) for browser in browsers],
        lambda: disable(race),
    )
    assert {browser.open("/").path for browser in browsers} == {"/login"}


def test_one_mailed_link_sets_one_password(race: ServedWorld) -> None:
    race.person("alice")
    with race.data():
        token = one_time_links.create(Purpose.PASSWORD_RESET, race.user("alice"), now=race.clock())
    browsers = [race.browser() for _ in range(4)]
    assert {browser.open(f"/link/{token}").path for browser in browsers} == {"/password/choose"}
    word = "quiet harbour under a green dawn"
    answers = at_once(*[lambda b=browser: b.post("/password/choose", password=word) for browser in browsers])
    assert sorted(answer.status for answer in answers) == [200, 410, 410, 410]
    assert race.events().count("password.changed") == 1


def reset(race: ServedWorld) -> None:
    with race.data():
        reset_second_factor(race.user("alice"), reason="lost phone", actor=TERMINAL, now=race.clock())


def disable(race: ServedWorld) -> None:
    with race.data():
        accounts.disable(race.user("alice"), actor=TERMINAL, now=race.clock())
