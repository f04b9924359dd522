"""Every page, and every form that was filled in wrongly, is one that everybody can use: axe finds nothing."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from mfa_app.core.common import clock
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.rollout import trend
from mfa_app.core.users import invitations
from mfa_app.extensions import db
from mfa_app.models import LinkProof, PeopleImport, User
from tests.support.accessibility import Inspector
from tests.support.authenticator import Authenticator
from tests.support.browser import Visitor
from tests.support.chromium import PHONE, Window
from tests.support.passkeys import add_passkey, passkey_page
from tests.support.site_parts import set_up_mail_server
from tests.support.stories import (
    alice_at_the_code_page,
    alice_at_the_linking_page,
    alice_logged_in,
    dave_at_work,
)
from tests.support.world import PASSWORD, TERMINAL, World

pytestmark = pytest.mark.browser

FOR_ANYBODY = {
    "/login": "Log in",
    "/password/forgotten": "Forgot your password?",
    "/login/help": "Lost your app or passkey?",
    "/login/waiting": "There is no open request",
    "/login/reset-stopped": "The request is stopped",
    "/locked": "Your account is locked",
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
    "/admin/break-glass": "Break-glass codes",
    "/admin/people": "People",
    "/admin/people?q=nobody": "People",
    "/admin/people/new": "Add a person",
    "/admin/people/import": "Import people",
    "/admin/people/chosen?act=disable&people={alice}&people={carol}": "Disable 1 account?",
    "/admin/people/invitations": "Invitations",
    "/admin/people/{alice}": "Alice",
    "/admin/people/{bob}": "Bob",
    "/admin/people/{carol}": "Carol",
    "/admin/people/{alice}/timeline": "What happened with Alice",
    "/admin/people/{alice}/edit": "Edit Alice",
    "/admin/people/{alice}/reset": "Reset 2-factor authentication",
    "/admin/people/{alice}/open": "Open the account again",
    "/admin/people/{alice}/policy": "2-factor rules for Alice",
    "/admin/people/{dave}/scope": "Whom this person helps",
    "/admin/people/{bob}/policy": "2-factor rules for Bob",
}
FOR_CAROL_TOO = {
    "/admin/groups": "Groups",
    "/admin/groups/new": "New group",
    "/admin/groups/{Finance}": "Finance",
    "/admin/groups/{Finance}/name": "Rename Finance",
    "/admin/groups/{Finance}/delete": "Delete the group Finance?",
    "/admin/groups/{Finance}/policy": "2-factor authentication for Finance",
    "/admin/groups/{Finance}/policy/people?required=y&grace_days=0&remember_days=30&whom=to-set-up": (
        "Must set up an app or passkey"
    ),
    "/admin/policy": "Policy",
    "/admin/policy/people?required=y&grace_days=0&remember_days=30&whom=to-set-up": (
        "Must set up an app or passkey"
    ),
    "/admin/rollout": "Roll-out",
    "/admin/requests": "Requests",
    "/admin/exemptions": "Exemptions",
    "/admin/groups/{Finance}/rollout": "Roll-out in Finance",
    "/admin/emails": "Emails",
    "/admin/site": "Site",
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
    "auth.access_pass",
    "auth.email_code",
    "auth.break_glass",
    "auth.recovery_code",
    "auth.ask_for_reset",
    "auth.stop_reset",
    "auth.stop_approval",
    "account.recovered",
    "account.recovery_code_set",
    "account.rename_app",
    "account.add_passkey",
    "account.rename_passkey",
    "admin.access_pass",
    "admin.approval",
    "admin.people_import",
    "admin.remove_user_factor",
    "enrolment.replacement",
    "auth.link_login",
    "auth.lock_account",
    "auth.link_needed",
    "auth.reauthenticate",
}
NO_PAGES = {
    "static",
    "account.new_passkey_question",
    "auth.passkey_question",
    "auth.question_to_anyone",
    "auth.passkey_endpoints",
    "admin.import_template",
    "auth.site_logo",
    "monitoring.healthz",
    "monitoring.readyz",
    "monitoring.metrics",
}


@pytest.fixture
def inspector(new_window: Callable[..., Window]) -> Iterator[Inspector]:
    """An inspector who at the end may have found nothing."""
    inspector = Inspector(new_window())
    yield inspector
    assert not inspector.found, "\n".join(["", *inspector.found])


@pytest.fixture
def touching_inspector(new_window: Callable[..., Window]) -> Iterator[Inspector]:
    """The same, pointing with a finger."""
    inspector = Inspector(new_window(**PHONE))
    yield inspector
    assert not inspector.found, "\n".join(["", *inspector.found])


def test_each_page_of_the_site_is_looked_at_below(app: Flask) -> None:
    there = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in rule.methods}
    addresses = app.url_map.bind("127.0.0.1")
    paths = (FOR_ANYBODY | FOR_ALICE | FOR_CAROL | FOR_CAROL_TOO | FOR_DAVE).keys() - {"/nowhere"}
    seen = {addresses.match(filled(path.partition("?")[0], 1))[0] for path in paths}
    assert there - seen - ARRIVED_AT == NO_PAGES


def test_pages_for_anybody(world: World, inspector: Inspector) -> None:
    walk(inspector, world.visitor(), FOR_ANYBODY)


def test_forms_for_anybody_that_were_filled_in_wrongly(world: World, inspector: Inspector) -> None:
    visitor = world.visitor()
    page = visitor.give_password("nobody@example.com", "no password of anybody")
    inspector.look("Log in", page.source)
    visitor.open("/password/forgotten")
    page = visitor.press("Send the link", email="nobody@example.com")
    inspector.look("Check your email", page.source)
    visitor.open("/login")
    visitor.forget_cookies()
    page = visitor.press("Log in", email="a@example.com", password="x")
    inspector.look("Your browser sent no cookies", page.source)


def test_what_single_use_links_open(world: World, inspector: Inspector) -> None:
    with world.data():
        token = one_time_links.create(Purpose.SETUP, None, now=clock.now())
    visitor = world.visitor()
    inspector.look("Set up Second Gate", visitor.open(f"/link/{token}").source)
    page = visitor.press("Create the administrator", name="Carol", email="carol@example", password="short")
    inspector.look("Set up Second Gate", page.source)
    world.person("alice")
    with world.data():
        token = one_time_links.create(Purpose.PASSWORD_RESET, world.user("alice"), now=clock.now())
    inspector.look("Choose a new password", visitor.open(f"/link/{token}").source)
    world.person("bob")
    bob = world.password_given("bob")
    inspector.look("Someone else is logged in", bob.open(f"/link/{token}").source)
    bob.press("Log Bob out and go on")
    page = bob.press("Save password", password="aaaaaaaaaaaaaaaa")
    inspector.look("Choose a new password", page.source)


def test_pages_about_an_account_that_is_locked(world: World, inspector: Inspector) -> None:
    world.person("alice")
    world.linked_earlier("dave")
    with world.data():
        token = one_time_links.create(Purpose.ACCOUNT_LOCK, world.user("alice"), now=clock.now())
    alice = world.password_given("alice")
    inspector.look("Your account", alice.open("/account").source, after_click_on="Lock my account…")
    inspector.look("Lock your account?", alice.open(f"/link/{token}").source)
    inspector.look("Your account is locked", alice.press("Lock my account").source)
    page = alice.give_password("alice@example.com", PASSWORD)
    assert "You locked this account on" in page.text
    inspector.look("Log in", page.source)
    dave = world.log_in_and_wait("dave")
    path = f"/admin/people/{world.id_of('alice')}"
    inspector.look("Alice", dave.open(path).source)
    inspector.look("Open the account again", dave.open(f"{path}/open").source)
    inspector.look(
        "Open the account again",
        dave.press("Open the account again", checked="called back", reason="x").source,
    )


def test_what_somebody_who_lost_the_phone_sees(world: World, inspector: Inspector) -> None:
    alice = world.after(alice_at_the_code_page)
    inspector.look("Ask the help desk for a reset", alice.open("/login/lost").source)
    inspector.look("Ask the help desk for a reset", alice.press("Ask for a reset").source)
    inspector.look("Call the help desk", alice.press("Ask for a reset", lost="lost").source)
    owner = world.visitor()
    inspector.look("Stop the request?", owner.open(world.link_in_last_mail()).source)
    owner.press("Stop the request")
    inspector.look("Your request was stopped", alice.open("/login/waiting").source)


def test_what_two_helpers_and_the_person_see_of_a_risky_reset(world: World, inspector: Inspector) -> None:
    world.linked_earlier("alice")
    world.reset("alice")
    for name in ("carol", "dave"):
        world.linked_earlier(name)
    dave, carol = world.log_in_and_wait("dave"), world.log_in_and_wait("carol")
    person = f"/admin/people/{world.id_of('alice')}"
    inspector.look("Reset 2-factor authentication", dave.open(f"{person}/reset").source)
    page = dave.press("Ask for approval", checked="called back", reason="lost again")
    inspector.look("Second approval of a reset", page.source)
    inspector.look("Requests", carol.open("/admin/requests").source)
    inspector.look("Second approval of a reset", carol.open(f"{person}/approval").source)
    inspector.look("Second approval of a reset", carol.press("Refuse").source)
    owner = world.visitor()
    page = owner.open(world.link_in_last_mail())
    inspector.look("Stop the reset and lock your account?", page.source)
    owner.press("Stop this and lock my account")
    inspector.look("Second approval of a reset", carol.open(f"{person}/approval").source)


def test_what_an_administrator_without_an_app_sees(world: World, inspector: Inspector) -> None:
    world.person("dave")
    with world.data():
        world.user("dave").link_required = False
        token = one_time_links.create(Purpose.ENROLMENT, world.user("dave"), now=clock.now())
    dave = world.password_given("dave")
    inspector.look("Open your link to set up an app or passkey", dave.open(dave.current.path).source)
    inspector.look("Set up your app or passkey", dave.open(f"/link/{token}").source)
    inspector.look(
        "Set up your app or passkey", dave.press("Continue", password="not the password at all").source
    )


def test_what_an_administrator_sees_of_an_invitation(world: World, inspector: Inspector) -> None:
    world.linked_earlier("carol")
    world.person("bob", password=None)
    carol = world.log_in_and_wait("carol")
    carol.open(f"/admin/people/{world.id_of('bob')}")
    inspector.look("Link for Bob", carol.press("Make a link").source)
    inspector.look("Bob", carol.follow("Go on").source)
    inspector.look("Invitations", carol.open("/admin/people/invitations").source)
    with world.data():
        token = invitations.invite(world.user("bob"), actor=TERMINAL, now=world.clock())
    world.clock.advance(days=8)
    inspector.look("Your invitation has expired", world.visitor().open(f"/link/{token}").source)


def test_what_an_administrator_sees_of_an_import(world: World, inspector: Inspector) -> None:
    world.linked_earlier("carol")
    world.people("alice", "bob")
    carol = world.log_in_and_wait("carol")
    carol.open("/admin/people/import")
    inspector.look("Import people", carol.press("Continue").source)
    carol.open("/admin/people/import")
    file = "Email;Name;Shoe size\nanna@firma.nl;Anna;38\nalice@example.com;Alicia;39\nnobody;X;40\n"
    page = carol.press("Continue", lines=file, mode="update")
    assert "Left out 1" in page.text
    inspector.look("Check the import", page.source)
    for state, title in (
        ("reading", "Reading the file"),
        ("saving", "Saving the import"),
        ("stale", "Nothing was imported"),
        ("done", "The import is saved"),
    ):
        with world.data():
            stale = {"reason": "people", "about": "alice@example.com"} if state == "stale" else None
            db.session.execute(update(PeopleImport).values(state=state, refusal=stale))
        inspector.look(title, carol.open(page.path).source)


def test_what_an_administrator_with_a_break_glass_code_sees(world: World, inspector: Inspector) -> None:
    world.linked_earlier("carol")
    carol = world.log_in_and_wait("carol")
    inspector.look("Break-glass codes", carol.submit("/admin/break-glass").source)
    carol.press("Log out")
    carol = world.password_given("carol")
    inspector.look("Use a break-glass code", carol.open("/login/break-glass").source)
    inspector.look("Use a break-glass code", carol.press("Continue", code="abcd").source)


def test_what_an_access_pass_looks_like_on_both_sides(world: World, inspector: Inspector) -> None:
    world.linked_earlier("alice")
    world.reset("alice")
    with world.data():
        world.user("alice").link_proof = LinkProof.ACCESS_PASS
    dave = world.after(dave_at_work)
    dave.open(f"/admin/people/{world.id_of('alice')}")
    inspector.look("Make an access pass", dave.follow("Make an access pass").source)
    inspector.look("Make an access pass", dave.press("Make the access pass").source)
    inspector.look("Access pass for Alice", dave.press("Make the access pass", checked="in person").source)
    alice = world.password_given("alice")
    inspector.look("Enter your access pass", alice.page.source)
    inspector.look("Enter your access pass", alice.press("Continue", code="KM7P").source)
    set_up_mail_server(world.app)
    with world.data():
        world.user("alice").link_proof = LinkProof.EMAIL_CODE
    inspector.look("Get a code by email", alice.open("/login/email-code?asked=1").source)
    inspector.look("Enter the code from your email", alice.press("Email me a code").source)


def test_linking_because_a_group_requires_it(world: World, inspector: Inspector) -> None:
    alice = world.after(alice_at_the_linking_page)
    page = alice.open("/enrolment")
    inspector.look("Link your authentication app", page.source, after_click_on="Authy")
    app = world.phone_that_scans(page)
    page = alice.press("Enable", code="000 000")
    assert "That code is wrong." in page.text
    inspector.look("Link your authentication app", page.source)
    inspector.look("Recovery codes", alice.press("Enable", code=app.code()).source)
    page = alice.press("Show my recovery codes")
    inspector.look("Your recovery codes", page.source)
    (code, *_others) = [found.text for found in page.html.find_all("code")]
    world.clock.advance(seconds=30)
    alice = world.password_given("alice")
    inspector.look("Use a recovery code", alice.open("/login/recovery-code").source)
    inspector.look("Use a recovery code", alice.press("Log in", code="abcd").source)
    inspector.look("You used a recovery code", alice.press("Log in", code=code).source)


def test_linking_the_app_on_this_phone(world: World, touching_inspector: Inspector) -> None:
    alice = world.after(alice_at_the_linking_page)
    page = alice.open("/enrolment")
    touching_inspector.look("Link your authentication app", page.source)
    to_scan = "The app is on another phone? Show the QR code"
    touching_inspector.look("Link your authentication app", page.source, after_click_on=to_scan)
    touching_inspector.look("Link your authentication app", alice.press("Enable", code="000 000").source)


def test_pages_of_somebody_with_two_apps(world: World, inspector: Inspector) -> None:
    world.linked_earlier("alice")
    alice = world.log_in_and_wait("alice")
    world.link_another(alice, "KeePassXC at work")
    inspector.look("Your account", alice.open("/account").source)
    inspector.look("Name of the app", alice.open(f"{world.app_page('alice')}/name").source)
    inspector.look("Name of the app", alice.press("Save name", name="").source)
    inspector.look("Link your authentication app", alice.open(world.replacement_page("alice")).source)


def test_pages_of_somebody_with_a_passkey(world: World, inspector: Inspector, site: str) -> None:
    world.linked_earlier("alice")
    alice = world.log_in_and_wait("alice")
    world.recovery_codes(alice)
    inspector.look("Add a passkey", alice.open("/account/passkeys").source)
    add_passkey(alice, Authenticator(origin=site.replace("127.0.0.1", "localhost")))
    inspector.look("Your account", alice.open("/account").source)
    inspector.look("Name of the passkey", alice.open(f"{passkey_page(alice)}/name").source)
    inspector.look("Name of the passkey", alice.press("Save name", name="").source)
    world.require(None, passkey_only=True)
    inspector.look("Your account", alice.open("/account").source)
    inspector.look("Link your authentication app", alice.open("/enrolment").source)
    world.require(None, False)
    world.clock.advance(minutes=21)
    inspector.look("Confirm it's you", alice.open("/account/password").source)
    again = world.password_given("alice")
    inspector.look("2-factor authentication", again.current.source)
    again.press("Use a passkey", credential="{}")
    inspector.look("2-factor authentication", again.current.source)


def test_the_code_page_at_first_after_wrong_codes_and_stopped(world: World, inspector: Inspector) -> None:
    alice = world.after(alice_at_the_code_page)
    inspector.look("2-factor authentication", alice.open("/login/code").source)
    wrong = world.phones["alice"].wrong_code()
    for _ in range(6):
        page = alice.press("Log in", code=wrong)
    assert "Too many failed attempts. Try again in 30 seconds." in page.text
    inspector.look("2-factor authentication", page.source)
    with world.data():
        db.session.query(User).update({"factors_locked_at": clock.now()})
    page = alice.open("/login/code")
    assert "Too many codes or passkeys were refused." in page.text
    inspector.look("2-factor authentication", page.source)


def test_pages_of_somebody_who_is_in(world: World, inspector: Inspector) -> None:
    world.linked_earlier("alice")
    for _ in range(3):
        alice = world.log_in_and_wait("alice", remember=True)
    walk(inspector, alice, FOR_ALICE)
    alice.open("/account/password")
    page = alice.press("Save password", current="wrong", password="short")
    inspector.look("Change password", page.source)
    inspector.look("Your account", alice.open("/account").source, after_click_on="Remove all devices")


def test_pages_of_somebody_with_days_of_grace(world: World, inspector: Inspector) -> None:
    world.group("Finance", required=True, grace_days=7)
    world.person("alice", groups_=("Finance",))
    walk(inspector, world.password_given("alice"), FOR_ALICE)


@pytest.mark.parametrize("linked", [True, False], ids=["code", "password"])
def test_confirming_that_it_is_you(world: World, inspector: Inspector, linked: bool) -> None:
    (world.linked_earlier if linked else world.person)("alice")
    alice = world.log_in_and_wait("alice")
    world.clock.advance(minutes=21)
    inspector.look("Confirm it's you", alice.open("/account/password").source)
    page = alice.press("Confirm", **{"code" if linked else "password": "000000"})
    inspector.look("Confirm it's you", page.source)


@pytest.mark.parametrize("pages", [FOR_CAROL, FOR_CAROL_TOO], ids=["people", "groups, policy and trail"])
def test_pages_of_administration(town: World, inspector: Inspector, pages: dict[str, str]) -> None:
    carol = town.log_in_and_wait("carol")
    walk(inspector, carol, {addressed(town, path): title for path, title in pages.items()})


def test_pages_of_the_help_desk(town: World, inspector: Inspector) -> None:
    dave = town.log_in_and_wait("dave")
    walk(inspector, dave, {addressed(town, path): title for path, title in FOR_DAVE.items()})


def test_removing_one_of_two_apps_for_somebody(town: World, inspector: Inspector) -> None:
    town.link_another(town.log_in_and_wait("alice"), "KeePassXC at work")
    dave = town.log_in_and_wait("dave")
    inspector.look("Alice", dave.open(addressed(town, "/admin/people/{alice}")).source)
    inspector.look("Remove an app", dave.open(town.removal_page("alice")).source)
    inspector.look("Remove an app", dave.press("Remove the app", checked="called back", reason="x").source)
    dave.press("Remove the app", checked="called back", reason="lost and called back")
    inspector.look("Remove an app", dave.open(town.removal_page("alice")).source)


def test_previews_and_forms_of_administration_that_were_filled_in_wrongly(
    town: World, inspector: Inspector
) -> None:
    carol = town.log_in_and_wait("carol")
    carol.open("/admin/policy")
    page = carol.press("Continue", required="y")
    inspector.look("Switch 2-factor authentication on for everyone?", page.source)
    for path, button, fields, title in (
        ("/admin/policy", "Continue", {"grace_days": "1000"}, "Policy"),
        ("/admin/groups/new", "Create the group", {"name": "finance"}, "New group"),
        ("/admin/people/new", "Add the person", {"name": "Al", "email": "al@"}, "Add a person"),
        (
            "/admin/people/{alice}/reset",
            "Reset 2-factor authentication",
            {"checked": "another way", "reason": "x"},
            "Reset 2-factor authentication",
        ),
        (
            "/admin/people/{bob}/policy",
            "Exempt this person",
            {"until": "2020-01-01", "reason": "x"},
            "2-factor rules for Bob",
        ),
        ("/admin/groups/{Finance}", "Add to the group", {"email": "nobody"}, "Finance"),
    ):
        carol.open(addressed(town, path))
        inspector.look(title, carol.press(button, **fields).source)
    carol.open(addressed(town, "/admin/groups/{Finance}"))
    inspector.look("Remove Bob from Finance?", carol.press("Remove Bob").source)
    carol.open(addressed(town, "/admin/groups/{Finance}"))
    page = carol.press("Add to the group", email="example, zoe@firma.nl")
    inspector.look("Who joins Finance?", page.source)
    page = carol.press("Add this person and invite them", **{"newcomers-0-name": ""})
    inspector.look("Who joins Finance?", page.source)


def test_forms_that_are_shown_again_after_a_fresh_code(
    town: World, window: Window, inspector: Inspector
) -> None:
    window.goes_on_as(town.log_in_and_wait("carol"))
    window.open(addressed(town, "/admin/people/{alice}"))
    town.clock.advance(minutes=21)
    window.page.get_by_text("Disable…", exact=True).click()
    window.press("Disable the account")
    window.sees("Confirm it's you")
    inspector.look("Confirm it's you", window.page.content())
    window.fill_in_code(town.phones["carol"].code(), "Confirm")
    window.sees("Alice")
    inspector.look("Alice", window.page.content())
    window.press("Disable the account")
    window.reads("Account disabled for Alice.")
    window.open(addressed(town, "/admin/people/{bob}/reset"))
    town.clock.advance(minutes=21)
    window.field("In person: I know them or saw their badge").check()
    window.press_after_filling("Reset 2-factor authentication", {"Reason": "phone lost"})
    window.fill_in_code(town.phones["carol"].code(), "Confirm")
    window.sees("Reset 2-factor authentication")
    inspector.look("Reset 2-factor authentication", window.page.content())
    window.press("Reset 2-factor authentication")
    window.reads("2-factor authentication reset for Bob.")


def test_the_page_for_our_own_mistakes(
    world: World, inspector: Inspector, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.after(alice_logged_in)
    monkeypatch.setattr("mfa_app.core.browsers.remembered_devices.of_user", None)
    inspector.look("Something went wrong here", alice.open("/account").source)


def walk(inspector: Inspector, visitor: Visitor, pages: dict[str, str]) -> None:
    """Let somebody open each address, and look at the page, whose heading must be the one given."""
    for path, title in pages.items():
        inspector.look(title, visitor.open(path).source)


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
    for later in (1, 2):  # so that there is a chart
        with world.data():
            trend.note_day(now=world.clock() + timedelta(days=later))
    stranger = world.visitor()
    stranger.open("/login")
    for _ in range(5):
        stranger.press("Log in", email="bob@example.com", password="guessed")


def addressed(world: World, path: str) -> str:
    """Put the numbers of the people and groups that a path names into it."""
    numbers = {name: world.id_of(name) for name in ("alice", "bob", "carol", "dave")}
    with world.data():
        return path.format(**numbers, Finance=world.group_row("Finance").id)


def filled(path: str, number: int) -> str:
    """Put any number into a path."""
    return path.format(alice=number, bob=number, carol=number, dave=number, Finance=number)
