"""What happened with one person, as the help desk reads it: a sentence for each event, under its day."""

from dataclasses import replace
from typing import Any

import pytest

from mfa_app.core.audit.events import Event, record
from mfa_app.core.audit.happenings import PAGE
from mfa_app.core.common.actor import Actor
from mfa_app.core.helpdesk import scopes
from mfa_app.core.sessions.signed_in import as_user
from tests.support.browser import Page, Visitor, words
from tests.support.databases import both_databases
from tests.support.stories import dave_at_work
from tests.support.world import TERMINAL, VISITOR, World

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
FAR = "203.0.113.9"


@pytest.fixture
def dave(world: World) -> Visitor:
    """Dave of the help desk, on a page about alice, who has an account since three days."""
    world.person("alice")
    world.clock.advance(days=3)
    return world.after(dave_at_work)


def page_of(world: World, name: str = "alice") -> str:
    return f"/admin/people/{world.id_of(name)}"


def person(world: World, who: str, **details: Any) -> Actor:
    """Return somebody who acts from far away."""
    with world.data():
        return replace(as_user(VISITOR, world.user(who)), ip_address=FAR, user_agent="Secret/1", **details)


def happens(world: World, event: Event, actor: Actor = TERMINAL, **details: Any) -> None:
    with world.data():
        record(event, actor=actor, subject=world.user("alice"), **details)


def sentences(page: Page) -> list[str]:
    return [words(found) for found in page.html.select(".trail p:first-child")]


def days(page: Page) -> list[str]:
    return [words(found) for found in page.html.select(".trail-day")]


def link(page: Page, text: str) -> bool:
    return any(words(found) == text for found in page.html.find_all("a"))


def earlier(visitor: Visitor) -> bool:
    """Follow the link to what was earlier, if there is one."""
    there = link(visitor.current, "Show earlier")
    if there:
        visitor.follow("Show earlier")
    return there


def test_each_event_is_one_sentence_under_its_day_and_a_login_is_one(world: World, dave: Visitor) -> None:
    world.person("carol")
    world.clock.moment = world.clock().replace(hour=10, minute=5, second=0)
    alice = world.visitor()
    alice.headers["User-Agent"] = FIREFOX
    world.link_and_wait("alice", alice)
    alice.press("Log out")
    world.log_in_and_wait("alice", alice)
    world.clock.advance(days=1)
    happens(world, Event.MEMBER_ADDED, person(world, "carol"), group="Finance")
    world.reset("alice", "phone lost")
    page = world.log_in_and_wait("dave", dave).open(page_of(world))
    assert days(page) == ["Today", "Yesterday", "Monday 2 March 2026"]
    said = sentences(page)
    assert "reset the 2-factor authentication of Alice: phone lost" in said[0]
    assert said[1:] == [
        "Carol (administrator) added Alice to Finance",
        "Alice logged in with a code from Firefox on Linux",
        "Alice logged out",
        "Alice linked an app",
        "Alice logged in with the password alone from Firefox on Linux",
        "The terminal (tests) created the account of Alice",
    ]
    assert page.html.select_one(".trail time").get_text() == "10:06"
    assert "192.0.2.1" in page.text and FAR not in page.text and "Secret" not in page.text


def test_wrong_codes_and_passwords_say_from_where(world: World, dave: Visitor) -> None:
    happens(
        world, Event.PASSWORD_REFUSED, replace(VISITOR, ip_address=FAR), reason="wrong password", failures=3
    )
    page = dave.open(page_of(world))
    assert sentences(page)[0] == "Someone gave a wrong password for Alice (3 in a row)"
    assert FAR in page.text


def test_an_end_has_a_line_unless_another_line_says_it(world: World, dave: Visitor) -> None:
    ends = ("second factor reset", "idle", "replaced", "logged out everywhere", "no code in time")
    for number, because in enumerate(ends, 2):
        happens(world, Event.SESSIONS_ENDED, count=number, because=because)
    said = " ".join(sentences(dave.open(page_of(world))))
    shown = [because for number, because in enumerate(ends, 2) if f"{number} sessions" in said]
    assert shown == ["logged out everywhere", "no code in time"]


def test_a_persons_page_has_thirty_days_and_the_rest_follows(world: World, dave: Visitor) -> None:
    happens(world, Event.MEMBER_ADDED, group="Sales")
    world.clock.advance(days=30, minutes=-1)
    dave = world.log_in_and_wait("dave")
    page = dave.open(page_of(world))
    assert sentences(page) == ["The terminal (tests) added Alice to Sales"]
    assert "What happened in the last 30 days" in page.text
    world.clock.advance(minutes=1)
    assert sentences(dave.open(page_of(world))) == []
    assert "Nothing has happened in this time." in dave.current.text
    assert earlier(dave)
    assert sentences(dave.current) == [
        "The terminal (tests) added Alice to Sales",
        "The terminal (tests) created the account of Alice",
    ]
    assert not earlier(dave)


@both_databases
def test_no_line_is_lost_or_shown_twice_from_page_to_page(world: World, dave: Visitor) -> None:
    alice = person(world, "alice")
    with world.data():
        subject = world.user("alice")
        for number in range(PAGE):
            record(Event.PASSWORD_ACCEPTED, actor=alice, subject=subject)
            record(Event.LOGIN_COMPLETED, actor=alice, subject=subject, method="password")
            record(Event.MEMBER_ADDED, actor=TERMINAL, subject=subject, group=f"Group {number}")
            world.clock.advance(minutes=2)
    dave = world.log_in_and_wait("dave")
    dave.open(page_of(world))
    found = sentences(dave.current)
    while earlier(dave):
        found += sentences(dave.current)
    added = [line for line in found if " added Alice to Group " in line]
    assert added == [f"The terminal (tests) added Alice to Group {number}" for number in range(PAGE)][::-1]
    assert sum("logged in with the password alone" in line for line in found) == PAGE
    assert not any("gave the right password" in line for line in found)
    assert link(dave.current, "Newest")
    for nonsense in ("0", "-1", "99999999999", "x"):
        assert dave.open(f"{page_of(world)}/timeline?before={nonsense}").status == 200


@both_databases
def test_a_scope_hides_who_acted_outside_it(world: World) -> None:
    world.group("Finance")
    world.person("alice", groups_=("Finance",))
    world.people("bob", "carol")
    for actor in ("bob", "carol"):
        happens(world, Event.USER_INVITED, person(world, actor))
    happens(world, Event.USER_INVITED, person(world, "bob", user_id=999_999, name="gone@example.com"))
    dave = world.after(dave_at_work)
    said = ["gone@example.com invited Alice", "Carol (administrator) invited Alice", "Bob invited Alice"]
    assert sentences(dave.open(page_of(world)))[:3] == said
    with world.data():
        scopes.limit(world.user("dave"), [world.group_row("Finance")], actor=TERMINAL)
    dave = world.log_in_and_wait("dave")
    for path in (page_of(world), f"{page_of(world)}/timeline"):
        page = dave.open(path)
        assert sentences(page)[:3] == ["Someone invited Alice", said[1], "Someone invited Alice"]
        assert not {"bob", "gone@example.com", FAR} & set(page.text.lower().split())


def test_administrators_have_it_too_with_the_way_to_the_trail(world: World, dave: Visitor) -> None:
    world.linked_earlier("carol")
    carol = world.log_in_and_wait("carol")
    page = carol.open(page_of(world))
    assert sentences(page) == ["The terminal (tests) created the account of Alice"]
    assert carol.follow("All events about this person").path == "/admin/trail"
    assert not link(dave.open(page_of(world)), "All events about this person")
