"""A passkey in place of the password too: only where rules say so, and with one refusal for all reasons."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from mfa_app.core.factors import registry
from mfa_app.core.groups import groups
from mfa_app.core.users import account_lock
from mfa_app.extensions import db
from mfa_app.models import Passkey, User
from tests.support.authenticator import FLAG, Authenticator
from tests.support.browser import Page, Visitor
from tests.support.passkeys import add_passkey, alone_of_alice, asked_of_anyone
from tests.support.world import TERMINAL, World

REFUSED = "You can't log in with this passkey here."
ROUTE = "/login/passkey-alone"


@pytest.fixture
def device(world: World) -> Authenticator:
    """The authenticator of alice of Finance, where a passkey needs no password, with a passkey."""
    return alone_of_alice(world)


def log_in(visitor: Visitor, device: Authenticator) -> Page:
    visitor.open("/login")
    question = asked_of_anyone(visitor)
    return visitor.press("Log in with a passkey", credential=device.answer(question))


def test_a_passkey_opens_both_gates(world: World, device: Authenticator) -> None:
    alice = world.visitor()
    assert log_in(alice, device).path == "/"
    assert world.methods("alice")[-1] == "hwk user"
    assert world.details("login.completed") == {"method": "passkey alone"}
    assert alice.open("/account/password").path == "/account/password"


def test_a_session_without_a_password_never_claims_one(world: World, device: Authenticator) -> None:
    alice = world.visitor()
    log_in(alice, device)
    world.clock.advance(minutes=21)
    alice.open("/account/password")
    alice.press("Confirm", code=world.phones["alice"].code())
    assert alice.current.path == "/account/password"
    assert world.methods("alice")[-1] == "hwk otp user"


def test_the_page_that_was_asked_for_comes_next(world: World, device: Authenticator) -> None:
    alice = world.visitor()
    alice.open("/account")
    question = asked_of_anyone(alice)
    assert alice.press("Log in with a passkey", credential=device.answer(question)).path == "/account"


def test_the_session_before_ends(world: World, device: Authenticator) -> None:
    alice = world.visitor()
    log_in(alice, device)
    before = alice.copy()
    log_in_over_it(alice, device)
    assert before.open("/account").path == "/login"


def log_in_over_it(visitor: Visitor, device: Authenticator) -> None:
    question = asked_of_anyone(visitor)
    visitor.post(ROUTE, credential=device.answer(question))


def test_the_question_names_nobody(world: World, device: Authenticator) -> None:
    question = asked_of_anyone(world.visitor())
    assert question["allowCredentials"] == []
    assert question.keys() == {"challenge", "timeout", "rpId", "allowCredentials", "userVerification"}


def test_where_no_rule_allows_it_nothing_of_it_is_there(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    device = Authenticator()
    alice = world.log_in_and_wait("alice")
    add_passkey(alice, device)
    visitor = world.visitor()
    assert "passkey" not in visitor.open("/login").source
    assert visitor.open(f"{ROUTE}/question").status == 404


def of_another_group(world: World) -> None:
    world.group("Sales", required=True)
    with world.data():
        sales, alice = world.group_row("Sales"), world.user("alice")
        groups.add_member(sales, alice, actor=TERMINAL, now=world.clock())


def disabled(world: World) -> None:
    with world.data():
        db.session.execute(update(User).values(disabled_at=world.clock()))


def locked(world: World) -> None:
    with world.data():
        registry.lock(world.user("alice"), now=world.clock())


def locked_by_alice(world: World) -> None:
    with world.data():
        account_lock.lock_for(world.user("alice"), actor=TERMINAL, now=world.clock())


def ended(world: World) -> None:
    with world.data():
        db.session.execute(update(User).values(ends_at=world.clock()))


def removed(world: World) -> None:
    with world.data():
        db.session.query(Passkey).delete()


@pytest.mark.parametrize("happens", [of_another_group, disabled, locked, locked_by_alice, ended, removed])
def test_every_refusal_reads_the_same(
    world: World, device: Authenticator, happens: Callable[[World], None]
) -> None:
    happens(world)
    visitor = world.visitor()
    page = log_in(visitor, device)
    assert (page.path, REFUSED in page.text) == ("/login", True)
    assert visitor.open("/").path == "/login"
    assert world.events()[-1] == "code.refused"


def test_an_answer_counts_once_and_for_five_minutes(world: World, device: Authenticator) -> None:
    alice, eve = world.visitor(), world.visitor()
    answer = device.answer(asked_of_anyone(alice))
    late = device.answer(asked_of_anyone(alice))
    for visitor in (alice, eve):
        visitor.open("/login")
    assert alice.press("Log in with a passkey", credential=answer).path == "/"
    assert REFUSED in eve.press("Log in with a passkey", credential=answer).text
    world.clock.advance(minutes=6)
    assert REFUSED in eve.press("Log in with a passkey", credential=late).text
    assert world.details("code.refused")["reason"] == "expired"


def test_one_that_does_not_check_its_user_opens_nothing(world: World, device: Authenticator) -> None:
    device.flags = FLAG.UP
    assert REFUSED in log_in(world.visitor(), device).text
    assert world.details("code.refused")["reason"] == "not verified"


def test_a_network_has_thirty_failures_in_ten_minutes(world: World, device: Authenticator) -> None:
    eve = world.visitor()
    eve.open("/login")
    for _ in range(30):
        assert REFUSED in eve.press("Log in with a passkey", credential="{}").text
    assert "Too many failed attempts" in log_in(eve, device).text
    assert log_in(world.visitor(address="198.51.100.7"), device).path == "/"


def test_the_mail_about_such_a_login_speaks_of_the_passkey_not_of_the_password(
    world: World, device: Authenticator
) -> None:
    log_in(world.visitor(address="203.0.113.7"), device)
    said = " ".join(world.words_of_last_mail().split())
    assert "with a passkey, without your password" in said
    assert "remove each passkey that you don't recognise" in said
    assert "knows your password" not in said
