"""Every page, and every form that was filled in wrongly, is one that everybody can use: axe finds nothing."""

import pytest
from flask import Flask

from mfa_app.core.common import clock
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.extensions import db
from mfa_app.models import Authenticator
from tests.support.accessibility import Inspector
from tests.support.chromium import Window
from tests.support.stories import alice_at_the_code_page, alice_at_the_linking_page, alice_logged_in
from tests.support.world import World

pytestmark = pytest.mark.browser

FOR_ANYBODY = {
    "/login": "Log in",
    "/password/forgotten": "Forgot your password?",
    "/login/help": "Lost your authentication app?",
    "/link/a-link-that-nobody-ever-mailed": "This link no longer works",
    "/nowhere": "Page not found",
}
FOR_ALICE = {
    "/": "Welcome, Alice",
    "/account": "Your account",
    "/account/password": "Change password",
    "/enrolment": "Link your authentication app",
    "/admin": "Not for your account",
}
FOR_CAROL = {
    "/admin": "Administration",
    "/admin/people": "People",
    "/admin/people?q=nobody": "People",
    "/admin/people/new": "Add a person",
    "/admin/people/{alice}": "Alice",
    "/admin/people/{bob}": "Bob",
    "/admin/people/{carol}": "Carol",
    "/admin/people/{alice}/edit": "Edit Alice",
    "/admin/people/{alice}/reset": "Reset 2-factor authentication",
    "/admin/people/{alice}/policy": "2-factor rules for Alice",
    "/admin/people/{bob}/policy": "2-factor rules for Bob",
}
FOR_CAROL_TOO = {
    "/admin/groups": "Groups",
    "/admin/groups/new": "New group",
    "/admin/groups/{Finance}": "Finance",
    "/admin/groups/{Finance}/name": "Rename Finance",
    "/admin/groups/{Finance}/delete": "Delete the group Finance?",
    "/admin/groups/{Finance}/policy": "2-factor authentication for Finance",
    "/admin/policy": "Policy",
    "/admin/throttled": "Blocked logins",
    "/admin/trail": "Audit trail",
    "/admin/trail?person=nobody": "Audit trail",
}
FOR_DAVE = {
    "/admin/people": "People",
    "/admin/people/{alice}": "Alice",
    "/admin/people/{alice}/reset": "Reset 2-factor authentication",
}
# Where a test below goes on the way that people go.
ARRIVED_AT = {
    "auth.setup",
    "auth.choose_password",
    "auth.code",
    "auth.link_login",
    "auth.link_needed",
    "auth.reauthenticate",
}
NO_PAGES = {"static", "monitoring.healthz", "monitoring.readyz", "monitoring.metrics"}


@pytest.fixture
def inspector(window: Window):
    """An inspector who at the end may have found nothing."""
    inspector = Inspector(window)
    yield inspector
    assert not inspector.found, "\n".join(["", *inspector.found])


def test_each_page_of_the_site_is_looked_at_below(app: Flask) -> None:
    there = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in rule.methods}
    addresses = app.url_map.bind("127.0.0.1")
    paths = (FOR_ANYBODY | FOR_ALICE | FOR_CAROL | FOR_CAROL_TOO | FOR_DAVE).keys() - {"/nowhere"}
    seen = {addresses.match(filled(path.partition("?")[0], 1))[0] for path in paths}
    assert there - seen - ARRIVED_AT == NO_PAGES


def test_pages_for_anybody(inspector: Inspector) -> None:
    inspector.walk(FOR_ANYBODY)


def test_forms_for_anybody_that_were_filled_in_wrongly(
    world: World, window: Window, inspector: Inspector
) -> None:
    window.give_password("nobody@example.com", "no password of anybody")
    inspector.look("Log in")
    window.open("/password/forgotten")
    window.field("Email address").fill("nobody@example.com")
    window.press("Send the link")
    inspector.look("Check your email")
    window.open("/login")
    window.context.clear_cookies()
    window.press_after_filling("Log in", {"Email address": "a@example.com", "Password": "x"})
    inspector.look("Your browser sent no cookies")


def test_what_single_use_links_open(world: World, window: Window, inspector: Inspector) -> None:
    with world.data():
        token = one_time_links.create(Purpose.SETUP, None, now=clock.now())
    window.open(f"/link/{token}")
    inspector.look("Set up Second Gate")
    window.press_after_filling(
        "Create the administrator",
        {"Your name": "Carol", "Email address": "carol@example", "Password": "short"},
    )
    inspector.look("Set up Second Gate")
    world.person("alice")
    with world.data():
        token = one_time_links.create(Purpose.PASSWORD_RESET, world.user("alice"), now=clock.now())
    window.open(f"/link/{token}")
    inspector.look("Choose a new password")
    world.person("bob")
    window.goes_on_as(world.password_given("bob"))
    window.open(f"/link/{token}")
    inspector.look("Someone else is logged in")
    window.press("Log Bob out and go on")
    window.press_after_filling("Save password", {"New password": "aaaaaaaaaaaaaaaa"})
    inspector.look("Choose a new password")


def test_what_an_administrator_without_an_app_sees(
    world: World, window: Window, inspector: Inspector
) -> None:
    world.person("dave")
    with world.data():
        world.user("dave").link_required = False
        token = one_time_links.create(Purpose.ENROLMENT, world.user("dave"), now=clock.now())
    dave = world.password_given("dave")
    window.goes_on_as(dave)
    window.open(dave.current.path)
    inspector.look("Open your link to set up an app")
    window.open(f"/link/{token}")
    inspector.look("Set up your app")
    window.press_after_filling("Continue", {"Password": "not the password at all"})
    inspector.look("Set up your app")


def test_linking_because_a_group_requires_it(world: World, window: Window, inspector: Inspector) -> None:
    window.goes_on_as(world.after(alice_at_the_linking_page))
    window.open("/enrolment")
    window.page.get_by_role("heading", name="Authy").click()
    inspector.look("Link your authentication app")
    window.enable("000 000")
    window.reads("That code is wrong.")
    inspector.look("Link your authentication app")
    window.link()
    inspector.look("Welcome, Alice")


def test_the_code_page_at_first_after_wrong_codes_and_stopped(
    world: World, window: Window, inspector: Inspector
) -> None:
    alice = world.after(alice_at_the_code_page)
    window.goes_on_as(alice)
    window.open("/login/code")
    inspector.look("2-factor authentication")
    wrong = world.phones["alice"].wrong_code()
    for _ in range(5):
        alice.press("Log in", code=wrong)
    window.give_code(wrong)
    window.reads("Too many failed attempts. Try again in 30 seconds.")
    inspector.look("2-factor authentication")
    with world.data():
        db.session.query(Authenticator).update({"locked_at": clock.now()})
    window.open("/login/code")
    window.reads("Too many wrong codes were entered.")
    inspector.look("2-factor authentication")


def test_pages_of_somebody_who_is_in(world: World, window: Window, inspector: Inspector) -> None:
    world.linked_earlier("alice")
    for _ in range(3):
        alice = world.log_in_and_wait("alice", remember=True)
    window.goes_on_as(alice)
    inspector.walk(FOR_ALICE)
    window.open("/account/password")
    window.press_after_filling("Save password", {"Current password": "wrong", "New password": "short"})
    inspector.look("Change password")
    window.open("/account")
    window.page.get_by_text("Remove all devices", exact=True).click()
    inspector.look("Your account")


def test_pages_of_somebody_with_days_of_grace(world: World, window: Window, inspector: Inspector) -> None:
    world.group("Finance", required=True, grace_days=7)
    world.person("alice", groups_=("Finance",))
    window.goes_on_as(world.password_given("alice"))
    inspector.walk(FOR_ALICE)


@pytest.mark.parametrize("linked", [True, False], ids=["code", "password"])
def test_confirming_that_it_is_you(world: World, window: Window, inspector: Inspector, linked: bool) -> None:
    (world.linked_earlier if linked else world.person)("alice")
    window.goes_on_as(world.log_in_and_wait("alice"))
    world.clock.advance(minutes=21)
    window.open("/account/password")
    inspector.look("Confirm it's you")
    window.press_after_filling("Confirm", {"6-digit code" if linked else "Password": "000000"})
    inspector.look("Confirm it's you")


@pytest.mark.parametrize("pages", [FOR_CAROL, FOR_CAROL_TOO], ids=["people", "groups, policy and trail"])
def test_pages_of_administration(
    town: World, window: Window, inspector: Inspector, pages: dict[str, str]
) -> None:
    window.goes_on_as(town.log_in_and_wait("carol"))
    inspector.walk({addressed(town, path): title for path, title in pages.items()})


def test_pages_of_the_help_desk(town: World, window: Window, inspector: Inspector) -> None:
    window.goes_on_as(town.log_in_and_wait("dave"))
    inspector.walk({addressed(town, path): title for path, title in FOR_DAVE.items()})


def test_previews_and_forms_of_administration_that_were_filled_in_wrongly(
    town: World, window: Window, inspector: Inspector
) -> None:
    window.goes_on_as(town.log_in_and_wait("carol"))
    window.open("/admin/policy")
    window.field("Require 2-factor authentication").check()
    window.press("Continue")
    inspector.look("Switch 2-factor authentication on for everyone?")
    for path, button, fields, title in (
        ("/admin/policy", "Continue", {"Grace period (days)": "1000"}, "Policy"),
        ("/admin/groups/new", "Create the group", {"Name": "finance"}, "New group"),
        ("/admin/people/new", "Add the person", {"Name": "Al", "Email address": "al@"}, "Add a person"),
        (
            "/admin/people/{alice}/reset",
            "Reset 2-factor authentication",
            {"Reason": "x"},
            "Reset 2-factor authentication",
        ),
        (
            "/admin/people/{bob}/policy",
            "Exempt this person",
            {"Last day": "2020-01-01", "Reason": "x"},
            "2-factor rules for Bob",
        ),
        ("/admin/groups/{Finance}", "Add to the group", {"Email address": "nobody@example.com"}, "Finance"),
    ):
        window.open(addressed(town, path))
        window.press_after_filling(button, fields)
        inspector.look(title)


def test_forms_that_are_shown_again_after_a_fresh_code(
    town: World, window: Window, inspector: Inspector
) -> None:
    window.goes_on_as(town.log_in_and_wait("carol"))
    window.open(addressed(town, "/admin/people/{alice}"))
    town.clock.advance(minutes=21)
    window.page.get_by_text("Disable…", exact=True).click()
    window.press("Disable the account")
    inspector.look("Confirm it's you")
    window.press_after_filling("Confirm", {"6-digit code": town.phones["carol"].code()})
    inspector.look("Alice")
    window.press("Disable the account")
    window.reads("Account disabled for Alice.")
    window.open(addressed(town, "/admin/people/{bob}/reset"))
    town.clock.advance(minutes=21)
    window.press_after_filling("Reset 2-factor authentication", {"Reason": "phone lost"})
    window.press_after_filling("Confirm", {"6-digit code": town.phones["carol"].code()})
    inspector.look("Reset 2-factor authentication")
    window.press("Reset 2-factor authentication")
    window.reads("2-factor authentication reset for Bob.")


def test_the_page_for_our_own_mistakes(
    world: World, window: Window, inspector: Inspector, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.goes_on_as(world.after(alice_logged_in))
    monkeypatch.setattr("mfa_app.core.browsers.remembered_devices.of_user", None)
    window.open("/account")
    inspector.look("Something went wrong here")


@pytest.fixture
def town(world: World) -> World:
    """Alice with an app, bob without and now throttled; carol and dave at work."""
    world.after(all_came_to_work)
    return world


def all_came_to_work(world: World) -> None:
    """Let them come so far."""
    world.group("Finance", required=True)
    world.group("Sales")
    for name in ("alice", "carol", "dave"):
        world.linked_earlier(name, groups_=("Finance",) if name == "alice" else ())
    world.person("bob", groups_=("Finance", "Sales"))
    stranger = world.visitor()
    stranger.open("/login")
    for _ in range(5):
        stranger.press("Log in", email="bob@example.com", password="guessed")


def addressed(world: World, path: str) -> str:
    """Put the numbers of the people and groups that a path names into it."""
    numbers = {name: world.id_of(name) for name in ("alice", "bob", "carol")}
    with world.data():
        return path.format(**numbers, Finance=world.group_row("Finance").id)


def filled(path: str, number: int) -> str:
    """Put any number into a path."""
    return path.format(alice=number, bob=number, carol=number, Finance=number)
