"""Requests that arrive in one moment at two processes: one code opens one session, and no state is half."""

from mfa_app.core import accounts, links
from mfa_app.core.links import Purpose
from mfa_app.extensions import db
from mfa_app.models import Authenticator, AuthSession, Throttle
from tests.conftest import both_databases
from tests.races.conftest import ServedWorld
from tests.served import at_once
from tests.world import TERMINAL

pytestmark = both_databases
MANY = 20


def test_of_twenty_posts_of_one_code_one_gets_in(served: ServedWorld) -> None:
    served.group("Finance", required=True)
    served.person("alice", groups_=("Finance",))
    served.link("alice").post("/logout")
    browsers = [served.password_given("alice") for _ in range(MANY)]
    assert {browser.page.path for browser in browsers} == {"/login/code"}
    code = served.next_code("alice")
    answers = at_once(*[lambda b=browser: b.post("/login/code", code=code) for browser in browsers])
    assert [answer.path for answer in answers].count("/") == 1
    assert served.count(AuthSession, AuthSession.amr == "pwd otp") == 1
    assert served.events().count("code.accepted") == 1
    assert {answer.status for answer in answers if answer.path != "/"} <= {400, 429}


def test_of_twenty_wrong_codes_at_most_five_are_looked_at(served: ServedWorld) -> None:
    served.group("Finance", required=True)
    served.person("alice", groups_=("Finance",))
    served.link("alice").post("/logout")
    browsers = [served.password_given("alice") for _ in range(MANY)]
    wrong = served.phones["alice"].wrong_code()
    answers = at_once(*[lambda b=browser: b.post("/login/code", code=wrong) for browser in browsers])
    assert served.events().count("code.refused") == 5
    assert [answer.status for answer in answers].count(429) == MANY - 5
    with served.data():
        counted = db.session.get_one(Throttle, f"code:{served.user('alice').id}")
        assert counted.failures == 5


def test_of_two_phones_enabled_at_once_one_is_linked(served: ServedWorld) -> None:
    served.group("Finance", required=True)
    served.person("alice", groups_=("Finance",))
    alice, eve = served.password_given("alice"), served.password_given("alice")
    codes = [served.phone_of(browser).code() for browser in (alice, eve)]
    assert codes[0] != codes[1]
    at_once(lambda: alice.post("/enrolment", code=codes[0]), lambda: eve.post("/enrolment", code=codes[1]))
    assert sorted([alice.open("/").path, eve.open("/").path])[0] == "/"
    assert {alice.page.path, eve.page.path} <= {"/", "/login", "/login/code"}
    assert [alice.page.path, eve.page.path].count("/") == 1
    assert served.count(Authenticator) == 1
    assert served.events().count("authenticator.linked") == 1


def test_two_presses_of_enable_in_one_browser_link_once(served: ServedWorld) -> None:
    served.group("Finance", required=True)
    served.person("alice", groups_=("Finance",))
    alice = served.password_given("alice")
    code = served.phone_of(alice).code()
    answers = at_once(*[lambda: alice.post("/enrolment", code=code)] * 4)
    assert {answer.status for answer in answers} <= {200, 400}
    assert served.count(Authenticator) == 1
    assert served.events().count("authenticator.linked") == 1


def test_a_reset_beside_a_login_leaves_nobody_logged_in(served: ServedWorld) -> None:
    served.group("Finance", required=True)
    served.person("alice", groups_=("Finance",))
    for _round in range(3):
        alice = served.link("alice")
        alice.post("/logout")
        served.password_given("alice", alice)
        code = served.next_code("alice")
        at_once(lambda: alice.post("/login/code", code=code, remember="y"), lambda: reset(served))  # noqa: B023
        assert alice.open("/").path == "/login"
        assert served.password_given("alice", alice).page.path == "/enrolment"


def test_a_reset_beside_linking_leaves_an_app_with_its_session_or_neither(served: ServedWorld) -> None:
    served.group("Finance", required=True)
    served.person("alice", groups_=("Finance",))
    alice = served.password_given("alice")
    code = served.phone_of(alice).code()
    at_once(lambda: alice.post("/enrolment", code=code), lambda: reset(served))
    linked = served.count(Authenticator) == 1
    assert (alice.open("/").path == "/") == linked


def test_disabling_beside_the_password_leaves_nobody_logged_in(served: ServedWorld) -> None:
    served.person("alice")
    browsers = [served.browser() for _ in range(4)]
    at_once(
        *[lambda b=browser: served.password_given("alice", b) for browser in browsers],
        lambda: disable(served),
    )
    assert {browser.open("/").path for browser in browsers} == {"/login"}


def test_one_mailed_link_sets_one_password(served: ServedWorld) -> None:
    served.person("alice")
    with served.data():
        token = links.make(Purpose.PASSWORD_RESET, served.user("alice"), now=served.clock())
    browsers = [served.browser() for _ in range(4)]
    assert {browser.open(f"/link/{token}").path for browser in browsers} == {"/password/choose"}
    word = "quiet harbour under a green dawn"
    answers = at_once(*[lambda b=browser: b.post("/password/choose", password=word) for browser in browsers])
    assert sorted(answer.status for answer in answers) == [200, 410, 410, 410]
    assert served.events().count("password.changed") == 1


def reset(served: ServedWorld) -> None:
    with served.data():
        accounts.reset_second_factor(
            served.user("alice"), reason="lost phone", actor=TERMINAL, now=served.clock()
        )


def disable(served: ServedWorld) -> None:
    with served.data():
        accounts.disable(served.user("alice"), actor=TERMINAL, now=served.clock())
