"""B. Guessing: eve wants more tries than there are, or wants the waiting to shut out somebody else."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from mfa_app import create_app
from mfa_app.core.operations import housekeeping
from mfa_app.core.passwords.hashing import QUEUE_LIMIT
from mfa_app.core.throttling import counters
from mfa_app.extensions import db
from mfa_app.models import Throttle
from tests.support.browser import Page, Visitor
from tests.support.served_site import at_once
from tests.support.world import PASSWORD, WRONG, World

MANY = 20


def attempt(visitor: Visitor, name: str, password: str = WRONG) -> Page:
    if visitor.page is None or visitor.page.path != "/login":
        visitor.open("/login")
    return visitor.press("Log in", email=f"{name}@example.com", password=password)


def answer_to(page: Page) -> tuple[int, str | None, str]:
    """Return what eve can tell from an answer: all but what she has typed herself."""
    return page.status, page.response.headers.get("Retry-After"), page.text


def failures(world: World, key: str) -> int:
    with world.data():
        return db.session.scalar(select(Throttle.failures).where(Throttle.key == key)) or 0


def test_of_twenty_passwords_guessed_at_once_at_most_five_are_looked_at(direct_world: World) -> None:
    """Attack 12, at the first gate; each guess comes from an address of its own."""
    name = direct_world.newcomer()
    eve = direct_world.visitor()
    eve.open("/login")
    browsers = [eve.copy(f"127.0.1.{number}") for number in range(1, MANY + 1)]
    word = f"{name}@example.com"
    answers = at_once(*[lambda b=b: b.submit("/login", email=word, password=WRONG) for b in browsers])
    assert direct_world.events(name).count("password.refused") == 5
    statuses = [answer.status for answer in answers]
    assert statuses.count(400) == 5
    assert set(statuses) <= {400, 429, 503}  # 503: too many in the line, so not even counted


def test_of_thirty_one_people_guessed_at_once_thirty_are_looked_at(world: World) -> None:
    """Attack 12, across accounts: one address sprays one password over many, as fast as the site can hash."""
    eve = world.visitor(address="198.51.100.9")
    eve.open("/login")

    def spray(number: int) -> int:
        return eve.copy().submit("/login", email=f"spray{number}@example.com", password=WRONG).status

    with ThreadPoolExecutor(QUEUE_LIMIT) as line:  # even one process alone refuses none of them for its line
        statuses = list(line.map(spray, range(35)))
    assert sorted(statuses) == [400] * 30 + [429] * 5


def test_each_refusal_is_counted_and_committed(world: World) -> None:
    """Attack 13: the counter's row after each wrong password and each wrong code."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice = world.id_of("alice")
    eve = world.visitor()
    for count in range(1, 4):
        attempt(eve, "alice")
        assert failures(world, f"password:{alice}") == count
    world.password_given("alice", eve)
    for count in range(1, 4):
        eve.press("Log in", code=world.phones["alice"].wrong_code())
        assert failures(world, f"code:{alice}") == count


@pytest.mark.inside
def test_a_guess_that_ends_in_an_error_is_counted_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack 13: eve makes the request fail after the check, so that it is rolled back."""
    world.person("alice")
    monkeypatch.setattr("mfa_app.core.passwords.attempts.record", lambda *_args, **_facts: 1 / 0)
    assert attempt(world.visitor(), "alice").status == 500
    assert failures(world, f"password:{world.id_of('alice')}") == 1
    assert failures(world, "address:192.0.2.1") == 1


def test_a_restart_gives_eve_no_new_tries(world: World) -> None:
    """Attack 14: the counters live in the database, not in a process."""
    world.person("alice")
    eve = world.visitor()
    for _ in range(6):
        attempt(eve, "alice")
    restarted = create_app(world.app.config["SETTINGS"], MAIL_IN_BACKGROUND=False, CLOCK=world.clock)
    try:
        assert attempt(Visitor(restarted), "alice", PASSWORD).status == 429
    finally:
        with restarted.app_context():
            db.engine.dispose()


def test_the_fiftieth_wrong_code_stops_the_app_wherever_each_came_from(world: World) -> None:
    """Attack 9: another password, session and address before each guess; all but the ends are skipped."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    wrong = world.phones["alice"].wrong_code()
    for number in (1, 2, 3, 48, 49, 50):
        with world.data():
            counter = update(Throttle).where(Throttle.key.startswith("code:"))
            db.session.execute(counter.values(failures=number - 1))
        eve = world.password_given("alice", world.visitor(address=f"203.0.113.{number}"))
        assert eve.press("Log in", code=wrong).status == 400
        world.clock.advance(hours=1)
    eve = world.password_given("alice")
    assert eve.post("/login/code", code=world.phones["alice"].code()).status == 400
    assert world.events("alice")[-2:] == ["authenticator.stopped", "password.accepted"]
    assert world.mails("alice")[-2:] == ["wrong_codes", "authenticator_stopped"]


def test_a_thousand_wrong_passwords_do_not_lock_alice_out(
    world: World,
) -> None:
    """Attack 17: the password is closed to strangers, and alice does not notice."""
    world.person("alice")
    alice = world.password_given("alice")
    alice.press("Log out")
    attempt(world.visitor(address="203.0.113.1"), "alice")
    with world.data():
        closed = update(Throttle).where(Throttle.key.startswith("password:"))
        db.session.execute(closed.values(failures=1000))
    assert "Forgot your password" in attempt(world.visitor(address="203.0.113.2"), "alice", PASSWORD).text
    assert attempt(alice, "alice", PASSWORD).path == "/"
    alice.press("Log out")
    alice.open("/password/forgotten")
    alice.press("Send the link", email="alice@example.com")
    assert world.mails("alice") == ["password_reset"]


def test_waiting_never_tells_a_known_address_from_an_unknown_one(world: World) -> None:
    """Attack 20: the answers are the same now, and after the counters have had time to be forgotten."""
    world.person("alice")
    heard = {}
    start = world.clock.moment
    for name in ("alice", "nobody"):
        world.clock.moment = start
        eve = world.visitor(address=f"2001:db8:{len(heard)}::1")
        heard[name] = [answer_to(attempt(eve, name)) for _ in range(7)]
        for rest in ({"seconds": 3}, {"hours": 25}, {"days": 400}):
            world.clock.advance(**rest)
            eve.open("/login")
            heard[name] += [answer_to(attempt(eve, name)) for _ in range(3)]
    assert heard["alice"] == heard["nobody"]


def test_a_closed_account_looks_like_a_closed_nobody(world: World) -> None:
    """Attack 20, at the end of the hundred tries."""
    world.person("alice")
    for name in ("alice", "nobody"):
        attempt(world.visitor(), name)
    with world.data():
        db.session.execute(update(Throttle).values(failures=100).where(~Throttle.key.startswith("address:")))
    told = {answer_to(attempt(world.visitor(), name, PASSWORD)) for name in ("alice", "nobody")}
    assert len(told) == 1


@pytest.mark.inside
def test_made_up_addresses_fill_no_table(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack 19: of addresses of nobody only the latest counters are kept, and those of people all."""
    monkeypatch.setattr(counters, "MAX_UNKNOWN_USER_COUNTERS", 3)
    world.person("alice")
    attempt(world.visitor(), "alice")
    for number in range(7):
        world.clock.advance(seconds=1)
        attempt(world.visitor(address=f"203.0.113.{number}"), f"nobody{number}")
    with world.data():
        housekeeping.purge_expired(now=world.clock())
    assert world.count(Throttle, Throttle.key.startswith("nobody:")) == 3
    assert failures(world, f"password:{world.id_of('alice')}") == 1


def test_a_window_that_is_over_leaves_no_row(world: World) -> None:
    """Attack 19, by address: a flood from everywhere is swept away."""
    for number in range(5):
        attempt(world.visitor(address=f"203.0.113.{number}"), "nobody")
    world.clock.advance(minutes=10)
    with world.data():
        housekeeping.purge_expired(now=world.clock())
    assert world.count(Throttle, Throttle.key.startswith("address:")) == 0


def test_eve_at_the_code_page_slows_down_nobodys_password(world: World) -> None:
    """Attack 17: five wrong codes close the code for half a minute, and nothing else."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice = world.log_in_and_wait("alice", remember=True)
    alice.press("Log out")
    eve = world.password_given("alice", world.visitor(address="203.0.113.1"))
    for _ in range(6):
        eve.press("Log in", code=world.phones["alice"].wrong_code())
    assert eve.page.status == 429
    assert attempt(alice, "alice", PASSWORD).path == "/"


def test_a_good_login_of_eves_own_gives_her_address_no_more_tries(world: World) -> None:
    """Requirement 8: a success takes back itself alone, so it buys no try for another account."""
    world.person("eve")
    attempt(world.visitor(), "nobody")
    with world.data():
        counter = update(Throttle).where(Throttle.key.startswith("address:"))
        db.session.execute(counter.values(failures=29))
    for _ in range(3):
        assert attempt(world.visitor(), "eve", PASSWORD).path == "/"
    assert attempt(world.visitor(), "nobody30").status == 400
    assert attempt(world.visitor(), "nobody31").status == 429
