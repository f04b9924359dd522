"""A form that needs a fresh code loses nothing: it is kept for its session, shown again, and sent again."""

import re

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule
from wtforms import Field, PasswordField

from mfa_app.extensions import db
from mfa_app.models import AuthSession, HeldForm, Membership, RememberedDevice, User
from mfa_app.web.security.access_rules import access_rule_of
from mfa_app.web.security.held_forms import SECRET_FIELDS
from mfa_app.web.ui.forms import Form
from mfa_app.web.ui.passkeys import CredentialField
from tests.support.browser import Page, Visitor, attribute, named, words
from tests.support.databases import both_databases
from tests.support.routes import address, rules
from tests.support.stories import carol_at_work, carol_at_work_and_finance, dave_at_work
from tests.support.world import PASSWORD, World

NEW = "eleven slow trams across the bridge"


def after_lunch(world: World) -> None:
    """Let so much time pass that a fresh code is asked for."""
    world.clock.advance(minutes=21)


def confirmed(world: World, name: str, visitor: Visitor) -> Page:
    """Enter a code at the page that asks for one; return the page behind it."""
    assert visitor.current.path == "/login/again"
    assert "Nothing has been done yet. What you entered is kept for 10 minutes" in visitor.current.text
    return visitor.press("Confirm", code=world.phones[name].code())


def test_an_account_is_disabled_after_the_code_and_a_second_look(world: World) -> None:
    world.person("bob")
    carol = world.after(carol_at_work)
    carol.open(f"/admin/people/{world.id_of('bob')}")
    after_lunch(world)
    carol.press("Disable the account")
    page = confirmed(world, "carol", carol)
    assert page.title == "Bob"
    assert "Nothing has been done yet" in page.text
    assert "person.disabled" not in world.events()
    assert "Account disabled for Bob" in pressed_in_the_note(carol).text
    assert world.events("bob")[-1] == "person.disabled"
    assert world.count(HeldForm) == 0


def pressed_in_the_note(visitor: Visitor) -> Page:
    """Press the button of the note about a held form."""
    forms = visitor.current.html.find_all("form", action=re.compile(r"\?held="))
    (form,) = forms
    fields = {attribute(field, "name"): attribute(field, "value") for field in form.find_all("input")}
    data = visitor.current.with_token(fields)
    return visitor.open(attribute(form, "action"), method="POST", data=data)


def test_the_people_who_were_ticked_are_still_chosen(world: World) -> None:
    world.people("alice", "bob")
    carol = world.after(carol_at_work)
    ticked = [world.id_of("alice"), world.id_of("bob")]
    carol.open("/admin/people/chosen", query_string={"people": ticked, "act": "disable"})
    after_lunch(world)
    carol.press("Disable the accounts")
    page = confirmed(world, "carol", carol)
    assert (page.path, page.title) == ("/admin/people/chosen", "Disable 2 accounts?")
    assert "person.disabled" not in world.events()
    carol.press("Disable the accounts")
    assert world.events().count("person.disabled") == 2


def test_the_reason_of_a_reset_and_the_check_of_the_caller_are_still_there(world: World) -> None:
    world.linked_earlier("alice")
    dave = world.after(dave_at_work)
    path = f"/admin/people/{world.id_of('alice')}/reset"
    dave.open(path)
    after_lunch(world)
    dave.press(
        "Reset 2-factor authentication",
        checked="another way",
        note="Badge on the camera",
        reason="phone lost, <b>called</b> back",
    )
    page = confirmed(world, "dave", dave)
    assert page.path == path
    assert "Nothing has been saved yet. Check this page, then press the button again." in page.text
    dave.press("Reset 2-factor authentication")
    details = world.details("second_factor.reset")
    assert details["reason"] == "phone lost, <b>called</b> back"
    assert (details["checked"], details["note"]) == ("another way", "Badge on the camera")


def test_all_fields_of_a_new_person_are_still_there(world: World) -> None:
    carol = world.after(carol_at_work_and_finance)
    carol.open("/admin/people/new")
    after_lunch(world)
    carol.press("Add the person", name="Bob Berg", email="bob@example.com", role="helpdesk", groups="1")
    page = confirmed(world, "carol", carol)
    assert page.path == "/admin/people/new"
    carol.press("Add the person")
    with world.data():
        bob = world.user("bob")
        assert (bob.name, bob.role) == ("Bob Berg", "helpdesk")
    assert world.count(Membership) == 1


def test_the_switch_of_a_rule_goes_on_where_it_was(world: World) -> None:
    carol = world.after(carol_at_work_and_finance)
    carol.open("/admin/groups/1/policy")
    carol.press("Continue", required="y")
    after_lunch(world)
    carol.press("Switch on")
    page = confirmed(world, "carol", carol)
    assert page.path == "/admin/groups/1/policy"
    assert named(page.html, "required").has_attr("checked")
    carol.press("Continue")
    assert "saved" in carol.press("Switch on").text


def test_a_confirmation_that_came_too_late_is_sent_again_with_all_addresses(world: World) -> None:
    carol = world.after(carol_at_work_and_finance)
    world.require("Finance")
    world.people("alice", "bob")
    carol.open("/admin/groups/1")
    carol.press("Add to the group", email="alice@example.com\r\nbob@example.com")
    assert carol.current.title == "Add 2 people to Finance?"
    after_lunch(world)
    carol.press("Add to the group")
    page = confirmed(world, "carol", carol)
    assert (page.path, world.count(Membership)) == ("/admin/groups/1", 0)
    assert "2 people added to Finance." in pressed_in_the_note(carol).text
    assert world.count(Membership) == 2


def test_a_preview_that_came_too_late_is_made_after_the_code(world: World) -> None:
    carol = world.after(carol_at_work_and_finance)
    carol.open("/admin/groups/1/policy")
    after_lunch(world)
    carol.press("Continue", required="y", grace_days="9")
    page = confirmed(world, "carol", carol)
    assert (page.path, page.value("grace_days")) == ("/admin/groups/1/policy", "9")
    assert "Nothing is saved yet." in pressed_in_the_note(carol).text


def test_a_remembered_device_is_forgotten_after_the_code(world: World) -> None:
    alice = world.remembered_a_minute_ago("alice")
    world.log_in_and_wait("alice", alice)
    alice.open("/account")
    after_lunch(world)
    alice.press("Remove Unknown browser")
    page = confirmed(world, "alice", alice)
    assert page.path == "/account"
    assert "Remove Unknown browser" in words(page.html.find(class_="note-warning"))
    assert world.count(RememberedDevice) == 1
    pressed_in_the_note(alice)
    assert world.count(RememberedDevice) == 0


def behind_a_fresh_code(app: Flask) -> list[Rule]:
    """Return all routes that take a form only with a fresh code. A form with a file is never kept."""
    posting = [rule for rule in rules(app) if "POST" in rule.methods]
    marks = [(rule, access_rule_of(app.view_functions[rule.endpoint])) for rule in posting]
    return [rule for rule, mark in marks if mark.recent and not mark.upload_bytes]


SENT = {"reason": "called back", "name": "Bob Berg", "email": "berg@example.com", "button": "Do what I said"}
QUERIES = {"admin.chosen_people": "?people=1&act=invite"}  # of pages that show nothing without one


def test_every_form_behind_a_fresh_code_is_shown_again(world: World) -> None:
    world.person("bob")
    carol = world.after(carol_at_work_and_finance)
    routes = behind_a_fresh_code(world.app)
    assert len(routes) > 25
    lost = []
    for number, rule in enumerate(routes):
        if number % 20 == 19:  # no session lasts longer than twelve hours
            after_lunch(world)
            carol = world.log_in_and_wait("carol")
        if not carol.current.csrf_token:  # on a page of few words
            carol.open("/")
        after_lunch(world)
        asked = carol.post(address(rule) + QUERIES.get(rule.endpoint, ""), follow=True, **SENT)
        page = confirmed(world, "carol", carol)
        note = words(page.html.find(class_="note-warning"))
        again = "Do what I said" in note and f"{address(rule)}?held=" in page.response.text
        if not (asked.path == "/login/again" and (again or page.path == address(rule))):
            lost.append((rule.rule, page.path))
    assert not lost


def test_what_was_held_changed_nothing_before_it_was_sent_again(world: World) -> None:
    world.person("bob")
    carol = world.after(carol_at_work)
    before = world.events()
    carol.open("/")
    after_lunch(world)
    for rule in behind_a_fresh_code(world.app):
        carol.post(address(rule), **SENT)
    assert world.events() == before
    assert world.count(HeldForm) == 1


def every_form(kind: type[Form] = Form) -> list[type[Form]]:
    return [found for sub in kind.__subclasses__() for found in (sub, *every_form(sub))]


def is_secret(field: Field) -> bool:
    """Say whether a field is for a password, a code or the answer of a passkey."""
    asks_for_code = (field.render_kw or {}).get("autocomplete") == "one-time-code"
    return isinstance(field, PasswordField | CredentialField) or asks_for_code


def test_no_secret_of_any_form_is_ever_kept(app: Flask) -> None:
    with app.test_request_context("/"):
        fields = [field for form in every_form() for field in form()]
        assert {field.name for field in fields if is_secret(field)} == SECRET_FIELDS


def test_a_password_is_not_kept_and_the_page_says_so(world: World) -> None:
    world.person("alice")
    alice = world.link_and_wait("alice")
    alice.open("/account/password")
    after_lunch(world)
    page = alice.press("Save password", current=PASSWORD, password=NEW)
    assert "Nothing has been saved. After this, enter it again." in page.text
    assert world.count(HeldForm) == 0
    alice.press("Confirm", code=world.phones["alice"].code())
    assert alice.current.path == "/account/password"


def held(world: World) -> tuple[Visitor, str]:
    """Let carol send a form too late; return her browser and the address behind the code page."""
    world.person("bob")
    carol = world.after(carol_at_work)
    carol.open("/")
    after_lunch(world)
    page = carol.post(f"/admin/people/{world.id_of('bob')}/disable")
    location = page.response.headers["Location"]
    carol.open(location)
    return carol, f"/admin/people/{world.id_of('bob')}?held=" + location.rpartition("held%3D")[2]


@both_databases
def test_a_held_form_is_sealed_and_ends_with_its_session(world: World) -> None:
    carol, _address = held(world)
    with world.data():
        row = db.session.scalars(select(HeldForm)).one()
        assert row.sealed_form.startswith("v1:")
        assert (
            row.user_id == db.session.scalars(select(User.id).where(User.email == "carol@example.com")).one()
        )
    confirmed(world, "carol", carol)
    assert world.count(HeldForm) == world.count(AuthSession) == 1
    carol.press("Log out")
    assert world.count(HeldForm) == 0


def test_another_session_of_the_same_person_is_shown_nothing(world: World) -> None:
    _carol, page = held(world)
    other = world.log_in_and_wait("carol")
    shown = other.open(page)
    assert "no longer kept" in shown.text
    assert "held=" not in shown.response.text


@pytest.mark.parametrize(("minutes", "kept"), [(9, True), (10, False)])
def test_a_form_is_held_for_ten_minutes(world: World, minutes: int, kept: bool) -> None:
    carol, _page = held(world)
    world.clock.advance(minutes=minutes)
    page = carol.press("Confirm", code=world.phones["carol"].code())
    assert ("Nothing has been done yet" in page.text) is kept
    assert ("What you had entered is no longer kept" in page.text) is not kept


def test_a_made_up_id_finds_nothing(world: World) -> None:
    carol = world.after(carol_at_work)
    for text in ("x", "0" * 32, "'", "1" * 5000, "%00"):
        assert carol.open(f"/admin/people?held={text}").status in (200, 400), text


def test_the_way_to_the_login_says_that_nothing_was_saved(world: World) -> None:
    carol = world.after(carol_at_work)
    carol.open("/admin/people/new")
    world.clock.advance(minutes=61)
    page = carol.press("Add the person", name="Bob", email="bob@example.com")
    assert page.path == "/login"
    assert "Your session has ended, so nothing was saved." in page.text


def test_a_form_survives_a_rule_that_began_at_noon(world: World) -> None:
    world.person("alice")
    alice = world.password_given("alice")
    alice.open("/account")
    world.require(None)
    page = alice.press("Yes, log out everywhere")
    assert page.path == "/enrolment"
    world.phones["alice"] = world.phone_that_scans(page)
    alice.press("Enable", code=world.phones["alice"].code())
    page = alice.follow("Not now")
    assert page.path == "/account"
    assert "Nothing has been done yet" in page.text
    assert pressed_in_the_note(alice).path == "/login"
