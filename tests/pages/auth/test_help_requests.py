"""Who has lost the phone asks for a reset: a number, a page that waits, and an email that can stop it."""

import re
from contextlib import nullcontext

import pytest
from sqlalchemy import update

from mfa_app.core.common.errors import TooManyHelpRequests
from mfa_app.core.factors import written_codes
from mfa_app.core.helpdesk import requests
from mfa_app.extensions import db
from mfa_app.models import HelpRequest, Throttle
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.refusals.scene import logged_in
from tests.support.statements import cost
from tests.support.tables import changed
from tests.support.world import VISITOR, World

ASK = "Ask for a reset"
STOP = "Stop the request"


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, who has given the password and has lost her phone."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    return world.password_given("alice")


def ask(alice: Visitor, lost: str = "lost", words: str = "") -> Page:
    alice.open("/login/lost")
    return alice.press(ASK, lost=lost, words=words)


def number_on(page: Page) -> str:
    """Return the digits that the page shows."""
    found = re.search(r"\b(\d{3}) (\d{3})\b", page.text)
    assert found, page.text
    return found[1] + found[2]


@both_databases
def test_a_request_shows_a_number_and_its_owner_gets_an_email(world: World, alice: Visitor) -> None:
    way = alice.page.html.find("a", string="Lost your authentication app?")
    assert way
    assert alice.open(str(way["href"])).title == "Ask the help desk for a reset"
    page = alice.press(ASK, lost="lost", words="On the train")
    assert (page.path, page.title) == ("/login/waiting", "Call the help desk")
    with world.data():
        row = db.session.query(HelpRequest).one()
        assert number_on(page) == row.number
        assert row.reason == "My phone is lost or stolen: On the train"
    assert world.details("reset.requested") == {"reason": "My phone is lost or stolen: On the train"}
    assert world.mails("alice")[-1] == "reset_requested"
    words = " ".join(world.words_of_last_mail().split())
    assert "asked the help desk to reset your 2-factor authentication" in words
    assert "This wasn't me: lock my account" in words


def test_a_reason_is_asked_for(world: World, alice: Visitor) -> None:
    alice.open("/login/lost")
    assert "Choose what happened." in alice.press(ASK).text
    assert "Say in a few words what happened." in ask(alice, lost="other").text
    assert world.count(HelpRequest) == 0
    assert ask(alice, lost="other", words="Stolen in Rome").path == "/login/waiting"


@both_databases
def test_the_page_waits_after_the_session_has_ended_and_ends_after_four_hours(
    world: World, alice: Visitor
) -> None:
    number = number_on(ask(alice))
    world.clock.advance(hours=3, minutes=59)
    assert number_on(alice.open("/login/waiting")) == number
    assert alice.open("/login/lost").path == "/login"
    world.clock.advance(minutes=1)
    assert alice.open("/login/waiting").title == "There is no open request"


@both_databases
def test_only_the_browser_that_asked_sees_the_number(world: World, alice: Visitor) -> None:
    ask(alice)
    other = world.password_given("alice")
    assert other.open("/login/waiting").title == "There is no open request"
    alice.open("/login/lost")
    alice.press("Not you? Log in as someone else")
    assert alice.open("/login/waiting").title == "There is no open request"


def test_who_logs_in_again_keeps_the_number_and_finds_it(world: World, alice: Visitor) -> None:
    number = number_on(ask(alice))
    world.clock.advance(hours=1)
    assert alice.open("/login/lost").path == "/login"
    world.password_given("alice", alice)
    assert alice.page.path == "/login/code"
    assert number_on(alice.open("/login/waiting")) == number
    page = alice.open("/login/lost")
    assert "You have an open request." in page.text
    assert number_on(alice.follow("Show its number")) == number


@both_databases
def test_somebody_else_who_logs_in_there_does_not_get_the_number(world: World, alice: Visitor) -> None:
    """Attack 112: bob of the same office sits down at the computer on which alice has asked."""
    world.linked_earlier("bob", groups_=("Finance",))
    ask(alice)
    world.clock.advance(hours=1)
    world.password_given("bob", alice)
    assert alice.page.path == "/login/code"
    assert "open request" not in alice.open("/login/lost").text
    assert alice.open("/login/waiting").title == "There is no open request"


@both_databases
def test_a_newer_request_replaces_the_older_one(world: World, alice: Visitor) -> None:
    """Attack 112: one open request a person."""
    ask(alice)
    newer = number_on(ask(world.password_given("alice")))
    assert alice.open("/login/waiting").title == "There is no open request"
    with world.data():
        assert db.session.query(HelpRequest).one().number == newer


@both_databases
def test_asking_a_thousand_times_is_bounded(world: World, alice: Visitor) -> None:
    """Attack 112: eve has the password. Three emails and rows an hour, then a refusal that writes nothing."""
    for _ in range(3):
        assert ask(alice).path == "/login/waiting"
    alice.open("/login/lost")
    written = changed(world.app, lambda: alice.press(ASK, lost="lost"))
    assert "You have asked 3 times within an hour." in alice.page.text
    assert written <= {"throttle"}
    assert world.mails("alice").count("reset_requested") == 3
    assert world.count(HelpRequest) == 1


@both_databases
def test_filing_over_and_over_is_three_an_hour(world: World, alice: Visitor) -> None:
    """Attack 112: however often eve files, alice has one open request, and three emails an hour at most."""
    for hour in (1, 2):
        with world.data():
            identity = logged_in(world, "alice")
            for number in range(100):
                with nullcontext() if number < 3 else pytest.raises(TooManyHelpRequests):
                    requests.file(identity, "lost", actor=VISITOR, now=world.clock())
        assert world.mails("alice").count("reset_requested") == 3 * hour
        assert world.count(HelpRequest) == 1
        assert world.count(Throttle, Throttle.key.startswith("help_request")) == 1
        world.clock.advance(hours=1)


@both_databases
def test_fifty_polls_cost_one_select_each_and_write_nothing(world: World, alice: Visitor) -> None:
    """Attack 112: nothing counts them, and nothing has to."""
    ask(alice)
    alice.client.delete_cookie("sid")
    costs = []
    assert changed(world.app, lambda: costs.extend(polls(world, alice, 50))) == set()
    assert costs == [["SELECT"]] * 50
    page = alice.open("/login/waiting").response.text
    assert ">Look again</a>" in page, "without script"
    assert 'data-every="10"' in page


@both_databases
def test_without_an_open_request_the_page_looks_no_more(world: World, alice: Visitor) -> None:
    """Attack 112: with a token that is over a look costs two SELECTs, and without any token none."""
    stranger = world.visitor()
    assert polls(world, stranger, 2) == [[], []]
    ask(alice)
    alice.client.delete_cookie("sid")
    world.reset("alice")
    for looking in (stranger, alice):
        page = looking.open("/login/waiting")
        assert page.title == "There is no open request"
        assert not page.html.select("[data-watch]")
    costs = []
    assert changed(world.app, lambda: costs.extend(polls(world, alice, 5))) == set()
    assert costs == [["SELECT", "SELECT"]] * 5


def polls(world: World, visitor: Visitor, times: int) -> list[list[str]]:
    """Look at the page that waits so often; return what each look sends to the database."""
    return [cost(world, visitor, "/login/waiting") for _ in range(times)]


@both_databases
def test_a_request_opens_nothing(world: World, alice: Visitor) -> None:
    """Attack 112: a session that has only given the password gets a number and nothing else."""
    ask(alice)
    for path in ("/", "/account", "/enrolment", "/account/password", "/login/again"):
        assert alice.open(path).path == "/login/code", path


@both_databases
def test_the_link_in_the_email_stops_the_request_by_its_button_alone(world: World, alice: Visitor) -> None:
    """Attack 113: without a login, once, and not by a GET of a program that reads mails."""
    ask(alice)
    link, owner = world.link_in_last_mail(), world.visitor()
    page = owner.open(link)
    assert (page.path, page.title) == ("/login/stop-reset", "Stop the request?")
    assert alice.open("/login/waiting").title == "Call the help desk"
    assert owner.press(STOP).title == "The request is stopped"
    assert alice.open("/login/waiting").title == "Your request was stopped"
    assert world.events("alice")[-1] == "reset.request_stopped"
    assert owner.open(link).status == 410
    assert world.count(HelpRequest, HelpRequest.number.is_not(None)) == 0


@both_databases
def test_after_a_stop_nobody_asks_again_for_four_hours(world: World, alice: Visitor) -> None:
    """Attack 113: eve still has the password; a new password is what ends that."""
    ask(alice)
    owner = world.visitor()
    owner.open(world.link_in_last_mail())
    owner.press(STOP)
    assert "was stopped through the link" in ask(alice).text
    world.clock.advance(hours=4)
    assert ask(world.password_given("alice")).title == "Call the help desk"


@both_databases
def test_a_change_of_the_account_ends_the_request(world: World, alice: Visitor) -> None:
    ask(alice)
    link = world.link_in_last_mail()
    world.reset("alice")
    assert alice.open("/login/waiting").title == "There is no open request"
    assert world.visitor().open(link).status == 410


@both_databases
def test_two_open_requests_never_have_one_number(
    world: World, alice: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.linked_earlier("bob", groups_=("Finance",))
    with world.data():
        drawn = iter([111111, 111111, 222222])
    monkeypatch.setattr(written_codes.secrets, "randbelow", lambda _below: next(drawn))
    assert number_on(ask(alice)) == "111111"
    assert number_on(ask(world.password_given("bob"))) == "222222"


def test_a_number_of_small_digits_has_six_of_them(world: World, alice: Visitor) -> None:
    ask(alice)
    with world.data():
        db.session.execute(update(HelpRequest).values(number="000042"))
    assert "000 042" in alice.open("/login/waiting").text
