"""Whoever has the right password of a closed account is told that it is closed; nobody else learns of it."""

import statistics
import time
from collections.abc import Callable

import pytest
from sqlalchemy import update

from mfa_app.core.operations import site_values
from mfa_app.core.users import account_lock, accounts
from mfa_app.extensions import db
from mfa_app.models import AuthSession, Throttle
from tests.support.browser import Page
from tests.support.databases import both_databases
from tests.support.statements import statements
from tests.support.world import PASSWORD, TERMINAL, World

WRONG = "not the password at all"
CLOSED = (
    "Your account is closed, so you can't log in. If you still work here, ask an administrator to open it."
)


def disabled(world: World) -> None:
    accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())


def ended(world: World) -> None:
    world.user("alice").ends_at = world.clock()


def locked(world: World) -> None:
    account_lock.lock_for(world.user("alice"), actor=TERMINAL, now=world.clock())


WAYS = (disabled, ended, locked)


def close(world: World, way: Callable[[World], None]) -> None:
    world.person("alice")
    with world.data():
        way(world)


def log_in(world: World, password: str, name: str = "alice") -> Page:
    return world.visitor().give_password(f"{name}@example.com", password)


@pytest.mark.parametrize("way", WAYS[:2])
def test_the_right_password_learns_that_the_account_is_closed_and_whom_to_ask(
    world: World, way: Callable[[World], None]
) -> None:
    close(world, way)
    visitor = world.visitor()
    page = visitor.give_password("alice@example.com", PASSWORD)
    assert (page.path, page.status) == ("/login", 400)
    assert CLOSED in page.text
    assert page.html.select_one(".contacts") or "often called IT or the help desk" in page.text
    reason = world.details("password.refused")["reason"]
    assert reason == {"disabled": "account disabled", "ended": "account ended"}[way.__name__]


def test_the_page_leads_to_the_administrator_and_not_to_the_help_desk(world: World) -> None:
    close(world, disabled)
    with world.data():
        contacts = {"help_phone": "+31 20 555 0100", "help_email": "help@example.com"}
        site_values.change(contacts, actor=TERMINAL)
    ways = [way.get_text(" ", strip=True) for way in log_in(world, PASSWORD).html.select(".contacts a")]
    assert ways == ["Email the administrator admin@example.com"]


@both_databases
@pytest.mark.parametrize("way", WAYS)
def test_nothing_opens_by_it(world: World, way: Callable[[World], None]) -> None:
    close(world, way)
    visitor = world.visitor()
    visitor.give_password("alice@example.com", PASSWORD)
    assert visitor.cookie("sid") is None
    assert world.count(AuthSession) == 0
    for path in ("/", "/account", "/login/code", "/login/lost", "/enrolment"):
        assert visitor.open(path).path == "/login", path


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_password_gets_the_page_of_an_unknown_address(
    world: World, way: Callable[[World], None]
) -> None:
    """Attack 64: only who has the password learns that there is such an account."""
    close(world, way)
    pages = [log_in(world, WRONG, name) for name in ("alice", "nobody")]
    bare = {page.text.replace(page.value("email"), "") for page in pages}
    assert len(bare) == 1
    assert "closed" not in bare.pop()
    assert {page.status for page in pages} == {400}


@both_databases
@pytest.mark.parametrize("way", WAYS)
def test_right_and_wrong_cost_the_same_statements(world: World, way: Callable[[World], None]) -> None:
    close(world, way)
    costs = []
    for password in (WRONG, PASSWORD):
        visitor = world.visitor()
        visitor.open("/login")
        with statements(world) as sent:
            visitor.press("Log in", email="alice@example.com", password=password)
        costs.append(sent)
    assert costs[0] == costs[1]


def test_right_and_wrong_take_about_as_long(world: World) -> None:
    """Medians of five tries each; only a hash left out (a factor of ten) would show."""
    close(world, disabled)
    medians = []
    for password in (WRONG, PASSWORD):
        times = []
        for number in range(5):
            visitor = world.visitor(address=f"2001:db8:{number}::{len(password)}")
            visitor.open("/login")
            with world.data():
                db.session.execute(update(Throttle).values(failures=0))
            began = time.process_time()
            visitor.press("Log in", email="alice@example.com", password=password)
            times.append(time.process_time() - began)
        medians.append(statistics.median(times))
    assert max(medians) < 3 * min(medians)


def test_each_right_password_counts_as_a_failed_attempt(world: World) -> None:
    close(world, disabled)
    for _ in range(5):
        log_in(world, PASSWORD)
    assert "Too many failed attempts." in log_in(world, PASSWORD).text
