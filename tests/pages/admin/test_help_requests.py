"""The queue of the help desk: a number is typed, a reset answers it, and the page that waits goes on."""

import re

import pytest

from mfa_app.core.helpdesk import queue, scopes
from mfa_app.core.policy import overrides
from mfa_app.core.users import account_lock, accounts
from mfa_app.models import AuthSession, HelpRequest
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.statements import cost, statements
from tests.support.world import TERMINAL, World

OPEN, RESET = "Open the request", "Reset 2-factor authentication"
QUEUE, WAITING = "/admin/requests", "/login/waiting"


@pytest.fixture
def dave(world: World) -> Visitor:
    """Dave of the help desk, beside Finance, which requires 2FA, and alice and bob, who are linked."""
    world.group("Finance", required=True)
    for name in ("alice", "bob"):
        world.linked_earlier(name, groups_=("Finance",))
    world.linked_earlier("dave")
    return world.log_in_and_wait("dave")


def asks(world: World, name: str, visitor: Visitor | None = None) -> Visitor:
    """Let somebody give the password and ask for a reset; return the browser that waits."""
    waiting = world.password_given(name, visitor)
    waiting.open("/login/lost")
    assert waiting.press("Ask for a reset", lost="lost").path == WAITING
    return waiting


def number_on(waiting: Visitor) -> str:
    found = re.search(r"\b\d{3} \d{3}\b", waiting.open(WAITING).text)
    assert found, waiting.page.text
    return found[0]


def read_out(dave: Visitor, number: str) -> Page:
    """Let dave type a number that he hears."""
    dave.open(QUEUE)
    return dave.press(OPEN, number=number)


def reset(dave: Visitor, waiting: Visitor) -> Page:
    """Let dave hear the number and reset."""
    assert read_out(dave, number_on(waiting)).title == RESET
    return dave.press(RESET, checked="called back")


def alice_asks(world: World) -> Visitor:
    """Return the browser in which alice waits."""
    return asks(world, "alice")


def alice_was_reset(world: World) -> Visitor:
    """Return the same after the reset, with the page at hand on which she goes on."""
    waiting = asks(world, "alice")
    reset(world.log_in_and_wait("dave"), waiting)
    waiting.open(WAITING)
    return waiting


@pytest.fixture
def alice(world: World, dave: Visitor) -> Visitor:
    """The browser in which alice waits, after dave has come to work."""
    return world.after(alice_asks)


def names(page: Page) -> list[str]:
    return [link.get_text() for link in page.html.select("tbody td:first-child > a")]


@both_databases
def test_the_queue_says_who_waits_since_when_and_from_where(world: World, dave: Visitor) -> None:
    asks(world, "bob")
    world.clock.advance(minutes=2)
    asks(world, "alice", world.visitor(address="198.51.100.7"))
    page = dave.open(QUEUE)
    assert names(page) == ["Bob", "Alice"]
    assert "198.51.100.7" in page.text
    assert "My phone is lost or stolen" in page.text


@both_databases
def test_the_queue_says_what_changed_lately_in_one_statement(world: World, dave: Visitor) -> None:
    world.rename("alice", "Alicia")
    asks(world, "bob")
    alone = cost(world, dave, QUEUE)
    world.clock.advance(seconds=1)
    asks(world, "alice")
    world.clock.advance(seconds=1)
    asks(world, "alice")
    assert cost(world, dave, QUEUE) == alone
    lately = [cell.get_text(" ", strip=True) for cell in dave.page.html.select("tbody td:last-child")]
    assert "Account changed" not in lately[0]
    assert "Account changed" in lately[1]
    assert "Reset of 2-factor authentication asked for" in lately[1]


@both_databases
def test_the_queue_says_when_somebody_asked_before_and_not_when_they_ask_now(
    world: World, dave: Visitor
) -> None:
    first = world.clock()
    asks(world, "alice")
    world.clock.advance(days=2)
    asks(world, "alice")
    with world.data():
        (entry,) = queue.page(actor=TERMINAL, now=world.clock()).entries
    asked = [(one.at, one.times) for one in entry.changes if one.event == "reset.requested"]
    assert asked == [(first, 1)]


@both_databases
def test_no_number_stands_in_the_queue(dave: Visitor, alice: Visitor) -> None:
    number = number_on(alice).replace(" ", "")
    page = dave.open(QUEUE)
    assert number not in page.response.text
    assert not page.html.select("a[href*='/reset']")


def test_the_number_opens_the_form_of_its_person(world: World, dave: Visitor, alice: Visitor) -> None:
    asks(world, "bob")
    number = number_on(alice)
    for times, mark in enumerate((" ", "-", ""), start=1):
        page = read_out(dave, number.replace(" ", mark))
        assert (page.path, page.title) == (f"/admin/people/{world.id_of('alice')}/reset", RESET), mark
        assert "alice@example.com" in page.text
        assert page.html.find(id="reason").get_text(strip=True) == "My phone is lost or stolen"
        assert world.events("alice")[-times:] == ["reset.number_given"] * times


@both_databases
def test_a_wrong_number_is_counted_and_recorded(world: World, dave: Visitor, alice: Visitor) -> None:
    """Attack 112: whoever guesses has to wait."""
    number = number_on(alice).replace(" ", "")
    wrong = f"{(int(number) + 1) % 10**6:06}"
    dave.open(QUEUE)
    for failures in range(1, 11):
        assert "No open request has this number." in dave.press(OPEN, number=wrong).text
        assert world.details("reset.number_refused") == {"failures": failures}
    assert read_out(dave, number).status == 429
    world.clock.advance(seconds=30)
    assert read_out(dave, number).title == RESET


def test_what_is_no_number_is_not_counted(world: World, dave: Visitor) -> None:
    dave.open(QUEUE)
    for typed in ("12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666"):
        assert "The number of a request has 6 digits." in dave.press(OPEN, number=typed).text, typed
    assert "reset.number_refused" not in world.events()


@both_databases
def test_a_number_that_is_over_opens_nothing(world: World, dave: Visitor, alice: Visitor) -> None:
    """Attack 112: expired, replaced, stopped or used."""
    bob = asks(world, "bob")
    numbers = [number_on(alice), number_on(bob)]
    reset(dave, alice)
    owner = world.visitor()
    asks(world, "bob", bob)
    numbers.append(number_on(bob))
    owner.open(world.link_in_last_mail())
    owner.press("Stop the request")
    dave.open(QUEUE)
    for number in numbers:
        assert "No open request has this number." in dave.press(OPEN, number=number).text


@both_databases
def test_a_number_that_has_expired_opens_nothing(world: World, alice: Visitor) -> None:
    """Attack 112: after four hours, also if the form for the reset is open already."""
    number = number_on(alice)
    world.clock.advance(hours=3, minutes=59)
    dave = world.log_in_and_wait("dave")
    assert read_out(dave, number).title == RESET
    world.clock.advance(minutes=1)
    page = dave.press(RESET, checked="called back", reason="Phone lost")
    assert "Nothing was reset: this request is not open any more." in page.text
    assert "No open request has this number." in read_out(dave, number).text
    assert "second_factor.reset" not in world.events()


@both_databases
def test_a_number_resets_nobody_but_whose_it_is(world: World, dave: Visitor, alice: Visitor) -> None:
    """Attack 112: the number of alice's request, with the page of bob, who waits too."""
    bob = asks(world, "bob")
    path = read_out(dave, number_on(alice)).response.request.full_path
    of_bob = path.replace(f"/{world.id_of('alice')}/", f"/{world.id_of('bob')}/")
    assert of_bob != path
    page = dave.open(of_bob)
    assert page.html.find(id="request") is None
    page = dave.press(RESET, checked="called back", reason="Phone lost")
    assert "Nothing was reset: this request is not open any more." in page.text
    assert "second_factor.reset" not in world.events()
    assert {page.open(WAITING).title for page in (alice, bob)} == {"Call the help desk"}


@both_databases
def test_the_help_desk_sees_no_request_of_its_betters_equals_or_itself(world: World, dave: Visitor) -> None:
    """Attack 112: their numbers are as if they were none; an administrator sees them."""
    world.linked_earlier("carol")
    world.linked_earlier("dora", role="helpdesk")
    numbers = [number_on(asks(world, name)) for name in ("carol", "dora", "dave")]
    assert "Nobody is waiting" in dave.open(QUEUE).text
    for number in numbers:
        assert "No open request has this number." in dave.press(OPEN, number=number).text
    carol = world.log_in_and_wait("carol")
    assert sorted(names(carol.open(QUEUE))) == ["Dave", "Dora"]


@both_databases
def test_who_is_disabled_locked_or_gone_has_no_request(world: World, dave: Visitor) -> None:
    """Attack 112: neither in the queue nor by the number, also if the row is there."""
    world.linked_earlier("anna", groups_=("Finance",))
    numbers = [number_on(asks(world, name)) for name in ("alice", "bob", "anna")]
    with world.data():
        world.user("alice").disabled_at = world.clock()
        world.user("bob").account_locked_at = world.clock()
        world.user("anna").ends_at = world.clock()
    assert "Nobody is waiting" in dave.open(QUEUE).text
    for number in numbers:
        assert "No open request has this number." in dave.press(OPEN, number=number).text
    assert world.count(HelpRequest) == 3
    with world.data():
        world.user("alice").disabled_at = None
        accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())
        account_lock.lock_for(world.user("bob"), actor=TERMINAL, now=world.clock())
    assert world.count(HelpRequest) == 2  # bob was locked already


@both_databases
def test_outside_the_scope_of_a_helper_there_is_no_request(world: World, dave: Visitor) -> None:
    """Attacks 112 and 116: of Sales dave sees none in the queue, by its number, or stopped."""
    for group in ("IT", "Sales"):
        world.group(group, required=True)
    for name, group in (("ines", "IT"), ("sam", "Sales"), ("stan", "Sales")):
        world.linked_earlier(name, groups_=(group,))
    numbers = {name: number_on(asks(world, name)) for name in ("alice", "ines", "sam", "stan")}
    owner = world.visitor()
    owner.open(world.link_in_last_mail())
    owner.press("Stop the request")
    assert "Stopped" in dave.open(QUEUE).text
    assert names(dave.page) == ["Alice", "Ines", "Sam", "Stan"]
    with world.data():
        helped = [world.group_row(name) for name in ("Finance", "IT")]
        scopes.limit(world.user("dave"), helped, actor=TERMINAL)
    page = dave.open(QUEUE)
    assert names(page) == ["Alice", "Ines"]
    assert not [word for word in ("Sam", "Stan", "Stopped") if word in page.response.text]
    nobodys = next(
        f"{n:06}" for n in range(10) if f"{n:06}" not in {x.replace(" ", "") for x in numbers.values()}
    )
    said, cost_of = {}, {}
    for name, number in {**numbers, "nobody": nobodys}.items():
        if dave.current.title == RESET:
            dave.open(QUEUE)
        with statements(world) as cost_of[name]:
            dave.press(OPEN, number=number)
        said[name] = "No open request has this number." in dave.page.text
    assert [name for name, nothing in said.items() if nothing] == ["sam", "stan", "nobody"]
    assert cost_of["sam"] == cost_of["stan"] == cost_of["nobody"]
    assert read_out(dave, numbers["ines"]).title == RESET
    with world.data():
        scopes.limit(world.user("dave"), [world.group_row("Finance")], actor=TERMINAL)
    assert dave.press(RESET, checked="called back").status == 404
    assert "second_factor.reset" not in world.events()


@both_databases
def test_a_request_that_was_stopped_stands_out_and_is_not_answered(
    world: World, dave: Visitor, alice: Visitor
) -> None:
    """Attack 113: also if the form for the reset is open already."""
    owner = world.visitor()
    owner.open(world.link_in_last_mail())
    read_out(dave, number_on(alice))
    owner.press("Stop the request")
    page = dave.press(RESET, checked="called back")
    assert "Nothing was reset: this request is not open any more." in page.text
    assert "second_factor.reset" not in world.events()
    assert "Stopped: it wasn't this person" in dave.open(QUEUE).text


def test_after_the_reset_the_page_that_waited_goes_on_to_linking(
    world: World, dave: Visitor, alice: Visitor
) -> None:
    waiting = alice
    world.clock.advance(minutes=11)  # the session that has only given the password is over
    reset(dave, waiting)
    assert "Nobody is waiting" in dave.open(QUEUE).text
    page = waiting.open(WAITING)
    assert page.title == "The help desk has reset your 2-factor authentication"
    page = waiting.press("Continue")
    assert (page.path, page.title) == ("/enrolment", "Link your authentication app")
    assert waiting.open("/account").path == "/enrolment"
    assert world.methods("alice") == ["pwd"]
    world.phones["alice"] = world.phone_that_scans(waiting.open("/enrolment"))
    assert "You are now logged in" in waiting.press("Enable", code=world.phones["alice"].code()).text


@both_databases
def test_after_twenty_minutes_it_asks_for_the_password_before_linking(world: World, alice: Visitor) -> None:
    """Whoever finds that browser has not shown the password."""
    world.clock.advance(minutes=20)
    reset(world.log_in_and_wait("dave"), alice)
    alice.open(WAITING)
    assert alice.press("Continue").path == "/login/again"
    assert alice.open("/enrolment").path == "/login/again"


@both_databases
def test_it_goes_on_once_and_in_the_browser_that_asked_alone(world: World, dave: Visitor) -> None:
    waiting, stranger, thief = world.after(alice_was_reset), world.visitor(), world.visitor()
    stranger.open("/login")
    assert stranger.post("/login/after-reset", follow=True).path == "/login"
    copied = waiting.cookie("form")
    assert copied
    thief.client.set_cookie("form", copied)
    assert thief.open(WAITING).title == "The help desk has reset your 2-factor authentication"
    assert waiting.press("Continue").path == "/enrolment"
    assert thief.press("Continue").path == "/login"
    assert thief.open(WAITING).title == waiting.open(WAITING).title == "There is no open request"
    assert world.count(AuthSession, AuthSession.user_id == world.id_of("alice")) == 1


@both_databases
def test_a_reset_without_the_number_lets_no_page_go_on(world: World, dave: Visitor, alice: Visitor) -> None:
    """Eve waits with alice's password while alice calls: only who read out the number goes on."""
    eve = alice
    page = dave.open(f"/admin/people/{world.id_of('alice')}/reset")
    assert "Someone waits for this reset with a number." in page.text
    dave.press(RESET, checked="called back", reason="called back on 4711")
    assert eve.open(WAITING).title == "There is no open request"
    eve.open("/login")
    assert eve.post("/login/after-reset", follow=True).path == "/login"
    assert world.count(HelpRequest) == 0


@both_databases
def test_what_ends_access_after_the_reset_ends_the_way_on(world: World, dave: Visitor) -> None:
    waiting = world.after(alice_was_reset)
    with world.data():
        accounts.end_access(world.user("alice"), actor=TERMINAL)
    assert waiting.press("Continue").path == "/login"


@both_databases
def test_who_is_exempt_is_not_let_in_by_it(world: World, dave: Visitor) -> None:
    waiting = world.after(alice_was_reset)
    with world.data():
        until = world.clock().replace(year=world.clock().year + 1)
        overrides.exempt(
            world.user("alice"), until=until, reason="laboratory", actor=TERMINAL, now=world.clock()
        )
    assert "is enough while you're exempt" in waiting.copy().open(WAITING).text
    assert waiting.press("Continue").path == "/login", "from the page that was open before"


@both_databases
def test_the_queue_has_pages(world: World, dave: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PAGE", 1)
    for name in ("alice", "bob"):
        asks(world, name)
        world.clock.advance(minutes=1)
    assert names(dave.open(QUEUE)) == ["Alice"]
    assert names(dave.follow("Next")) == ["Bob"]


def test_who_logs_in_again_where_they_wait_can_still_go_on(world: World, dave: Visitor) -> None:
    waiting = world.after(alice_was_reset)
    world.password_given("alice", waiting)
    assert waiting.open(WAITING).title == "The help desk has reset your 2-factor authentication"
    reset_for_bob = asks(world, "bob")
    reset(dave, reset_for_bob)
    world.password_given("alice", reset_for_bob)
    assert reset_for_bob.open(WAITING).title == "There is no open request"
