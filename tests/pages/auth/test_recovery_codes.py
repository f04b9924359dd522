"""Recovery codes: shown once, hashed, each good for one login, and never a weaker gate than the app."""

import base64
import re
from urllib.parse import unquote

import pytest

from mfa_app.core.audit.events import AnsweredFor
from mfa_app.core.common.errors import AuthenticatorLocked
from mfa_app.core.factors import registry
from mfa_app.core.login import code_step
from mfa_app.extensions import db
from mfa_app.models import OutboxMail, RecoveryCode, RememberedDevice
from tests.support.browser import Page, Visitor, words
from tests.support.databases import both_databases
from tests.support.refusals.scene import logged_in
from tests.support.stories import alice_just_linked
from tests.support.world import PASSWORD, VISITOR, World

SHAPE = re.compile(r"\b(?:[a-z2-7]{4}-){3}[a-z2-7]{4}\b")


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, who has just linked her app."""
    return world.after(alice_just_linked)


def alice_with_codes(world: World) -> Visitor:
    alice = alice_just_linked(world)
    world.recovery_codes(alice)
    return alice


@pytest.fixture
def owner(world: World) -> Visitor:
    """Alice of Finance, who has linked her app and made recovery codes just now: her browser shows them."""
    return world.after(alice_with_codes)


@pytest.fixture
def codes(owner: Visitor) -> list[str]:
    """The recovery codes of alice."""
    return [code.text for code in owner.current.html.find_all("code")]


def use(world: World, code: str) -> Page:
    """Log in as alice with a recovery code."""
    visitor = world.password_given("alice")
    visitor.open("/login/recovery-code")
    return visitor.press("Log in", code=code)


def test_after_the_first_linking_they_are_offered_and_can_be_skipped(world: World) -> None:
    world.person("bob")
    bob = world.link("bob")
    assert bob.current.path == "/account/recovery-codes"
    assert "You are now logged in" in bob.current.text
    assert bob.current.html.find("a", string="Not now")["href"] == "/"
    assert world.count(RecoveryCode) == 0


def test_a_set_has_ten_codes_of_eighty_bits_and_is_shown_once(
    world: World, owner: Visitor, codes: list[str]
) -> None:
    assert len(set(codes)) == 10
    assert all(SHAPE.fullmatch(code) for code in codes)
    assert all(len(set(base64.b32decode(code.replace("-", "").upper()))) > 5 for code in codes)
    assert not SHAPE.search(owner.open("/account/recovery-codes").text)
    assert world.details("recovery_codes.made") == {"ended_a_set": False}
    assert world.mails("alice")[-1] == "recovery_codes_made"


def test_they_can_be_saved_as_a_file_that_says_whose_they_are(owner: Visitor, codes: list[str]) -> None:
    link = owner.current.html.find("a", download="recovery-codes.txt")
    kind, _comma, text = unquote(link["href"]).partition(",")
    assert kind == "data:text/plain;charset=utf-8"
    assert text.split("\r\n") == [
        "Recovery codes for alice@example.com at Second Gate (127.0.0.1)",
        "",
        *codes,
        "",
    ]


def test_the_database_and_the_emails_never_know_them(world: World, alice: Visitor) -> None:
    code = world.recovery_codes(alice)[0]  # made here: a beginning that is put back leaves no traces in files
    use(world, code)
    folder = world.app.config["SETTINGS"].instance_path
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert code.encode() not in kept
    assert code.replace("-", "").encode() not in kept
    assert world.count(OutboxMail, OutboxMail.template == "recovery_code_used") == 1


@both_databases
def test_a_code_opens_the_second_gate_once(world: World, codes: list[str]) -> None:
    code = codes[3]
    page = use(world, code)
    assert (page.path, page.title) == ("/account/recovered", "You used a recovery code")
    assert "9 recovery codes are left" in page.text
    assert world.details("login.completed") == {"method": "recovery code"}
    again = use(world, code)
    assert (again.status, "already been used" in again.text) == (400, True)


def test_the_spelling_does_not_matter(world: World, codes: list[str]) -> None:
    for code, hyphen in zip(codes[:4], ("-", "", " ", "\u2013"), strict=True):
        assert use(world, code.replace("-", hyphen).upper()).path == "/account/recovered", hyphen


def test_it_goes_into_the_field_for_the_app_as_well(world: World, codes: list[str]) -> None:
    code = codes[0]
    page = world.password_given("alice").press("Log in", code=code, remember="y")
    assert page.path == "/account/recovered"
    assert world.count(RememberedDevice) == 0


def test_a_new_set_ends_the_old_one(world: World, owner: Visitor, codes: list[str]) -> None:
    old, new = codes[0], world.recovery_codes(owner)[0]
    assert use(world, old).status == 400
    assert use(world, new).path == "/account/recovered"
    assert world.count(RecoveryCode) == 10


def test_the_owner_is_told_of_each_use_and_how_many_are_left(world: World, codes: list[str]) -> None:
    for code in codes[:8]:
        page = use(world, code)
    assert "2 recovery codes are left" in world.words_of_last_mail()
    assert page.html.find("a", href="/account/recovery-codes")
    world.clock.advance(seconds=30)
    mine = world.log_in_and_wait("alice")
    assert "Few left" in mine.open("/account").text


def test_from_there_a_new_app_takes_the_place_of_the_lost_one(world: World, codes: list[str]) -> None:
    visitor = world.password_given("alice")
    page = visitor.press("Log in", code=codes[0])
    new = world.phone_that_scans(visitor.open(page.html.find("a", string="Link a new app")["href"]))
    assert "Your new phone is linked" in visitor.press("Enable", code=new.code()).text
    world.clock.advance(seconds=30)
    assert world.password_given("alice").press("Log in", code=world.phones["alice"].code()).status == 400
    assert world.password_given("alice").press("Log in", code=new.code()).path == "/"


def test_with_several_apps_it_asks_which_one_is_lost(world: World, alice: Visitor) -> None:
    world.link_another(alice, "Tablet")
    (code, *_others) = world.recovery_codes(alice)
    page = use(world, code)
    for name, number in (("Authentication app", 0), ("Tablet", 1)):
        link = page.html.find("a", string=f"Link a new app in place of “{name}”")
        assert link["href"] == world.replacement_page("alice", number)


def test_it_leads_to_what_was_asked_for_before(world: World, codes: list[str]) -> None:
    code = codes[0]
    visitor = world.visitor()
    visitor.open("/account/password")
    visitor.press("Log in", email="alice@example.com", password=PASSWORD)
    visitor.follow("Use a recovery code")
    visitor.press("Log in", code=code)
    assert visitor.follow("My app still works: go on").path == "/account/password"


def test_a_form_that_waits_for_a_code_waits_for_a_recovery_code_too(
    world: World, owner: Visitor, codes: list[str]
) -> None:
    owner.open("/account")
    world.clock.advance(minutes=21)
    owner.press("Yes, log out everywhere")
    owner.follow("Use a recovery code")
    owner.press("Confirm", code=codes[0])
    page = owner.follow("My app still works: go on")
    assert (page.path, "Nothing has been done yet" in page.text) == ("/account", True)


def test_a_stolen_session_gets_no_more_time_by_removing_an_app(world: World, alice: Visitor) -> None:
    world.link_another(alice, "Tablet")
    world.clock.advance(minutes=19)
    alice.open("/account")
    assert "its codes no longer work" in alice.press("Yes, remove the app Tablet").text
    world.clock.advance(minutes=2)
    assert alice.open("/account/recovery-codes").path == "/login/again"


def test_wrong_ones_count_with_the_codes_of_the_app(world: World, codes: list[str]) -> None:
    visitor, wrong = world.password_given("alice"), world.phones["alice"].wrong_code()
    for code in ("aaaa-aaaa-aaaa-aaaa", wrong, "bbbb-bbbb-bbbb-bbbb", wrong, wrong):
        visitor.press("Log in", code=code)
    assert "Too many failed attempts" in visitor.press("Log in", code=codes[0]).text


def test_a_lock_that_comes_in_the_same_moment_holds_for_them_too(world: World, codes: list[str]) -> None:
    code = codes[0]
    with world.data():
        identity = logged_in(world, "alice")
        registry.lock(identity.user, now=world.clock())
        db.session.commit()
        with pytest.raises(AuthenticatorLocked):
            code_step.check_code(identity, code, purpose=AnsweredFor.LOGIN, actor=VISITOR, now=world.clock())
    assert world.count(RecoveryCode, RecoveryCode.used_at.is_not(None)) == 0


def test_what_is_no_recovery_code_is_not_counted(world: World, codes: list[str]) -> None:
    visitor = world.password_given("alice")
    visitor.open("/login/recovery-code")
    page = visitor.press("Log in", code="abcd-efgh-ijkl")
    assert "A recovery code has 16 letters and digits." in words(page.html.find(class_="field-error"))
    assert "code.refused" not in world.events("alice")


def test_a_reset_ends_them(world: World, codes: list[str]) -> None:
    world.reset("alice")
    assert world.count(RecoveryCode) == 0


def test_they_go_with_the_last_app(world: World) -> None:
    world.person("bob")
    bob = world.link_and_wait("bob")
    world.recovery_codes(bob)
    bob.open("/account")
    bob.press("Yes, remove the app")
    assert world.count(RecoveryCode) == 0


def test_without_an_app_there_are_none(world: World) -> None:
    world.person("bob")
    bob = world.password_given("bob")
    for path in ("/account/recovery-codes", "/account/recovered"):
        assert bob.open(path).path == "/account"
    assert bob.post("/account/recovery-codes", follow=True).path == "/account"
    assert world.count(RecoveryCode) == 0


def test_they_confirm_that_it_is_the_same_person(world: World, owner: Visitor, codes: list[str]) -> None:
    world.clock.advance(minutes=21)
    owner.open("/account/password")
    assert owner.press("Confirm", code=codes[0]).path == "/account/recovered"
    assert world.details("code.accepted") == {"purpose": "confirmation", "factor": "recovery code"}
