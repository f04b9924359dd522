"""Passkeys on the pages: added on one's own account, used at the second gate, named and removed."""

import pytest

from mfa_app.core.factors import relying_party
from mfa_app.extensions import db
from mfa_app.models import Passkey, UsedChallenge
from tests.support.authenticator import FLAG, Authenticator
from tests.support.browser import Visitor, attribute, named
from tests.support.passkeys import (
    add_passkey,
    answer_by_passkey,
    asked_to_make,
    passkey_page,
)
from tests.support.stories import alice_just_linked
from tests.support.world import World


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance, who has just linked her app."""
    return world.after(alice_just_linked)


def only_a_passkey(world: World, alice: Visitor, device: Authenticator) -> None:
    """Let alice add a passkey, and remove her app."""
    add_passkey(alice, device)
    alice.post(f"{world.app_page('alice')}/remove", follow=True)


def test_a_passkey_is_added_and_told(world: World, alice: Visitor) -> None:
    page = add_passkey(alice, Authenticator(aaguid=bytes.fromhex("fbfc3007154e4ecc8c0b6e020557d7bd")))
    assert (page.path, "The passkey is added" in page.text) == ("/account", True)
    assert "iCloud Keychain" in page.text
    assert "“iCloud Keychain”" in world.words_of_last_mail()
    assert world.details("passkey.added") == {"by_choice": False, "passkey": "iCloud Keychain"}
    assert world.methods("alice") == ["pwd hwk otp user"]


def test_adding_one_ends_all_other_access(world: World, alice: Visitor) -> None:
    elsewhere = world.log_in_and_wait("alice", remember=True)
    add_passkey(alice, Authenticator())
    assert elsewhere.open("/").path == "/login"
    assert world.password_given("alice", elsewhere).page.path == "/login/code"


def test_the_code_page_takes_the_code_of_an_app_or_a_passkey(world: World, alice: Visitor) -> None:
    device = Authenticator()
    add_passkey(alice, device)
    again = world.password_given("alice")
    assert named(again.current.html, "code")
    assert attribute(named(again.current.html, "code"), "autocomplete") == "one-time-code webauthn"
    assert answer_by_passkey(again, device).path == "/"
    assert world.details("login.completed")["method"] == "passkey"
    assert world.log_in_and_wait("alice").page.path == "/"


def test_who_has_a_passkey_alone_is_asked_for_no_code(world: World, alice: Visitor) -> None:
    device = Authenticator()
    only_a_passkey(world, alice, device)
    assert "The app is removed" in alice.current.text
    again = world.password_given("alice")
    assert again.current.path == "/login/code"
    assert named(again.current.html, "code") is None
    assert "Use a recovery code" in again.current.text
    assert answer_by_passkey(again, device).path == "/"


def test_who_lost_the_only_passkey_gets_in_by_a_recovery_code_and_adds_another(
    world: World, alice: Visitor
) -> None:
    only_a_passkey(world, alice, Authenticator())
    (code, *_others) = world.recovery_codes(alice)
    again = world.password_given("alice")
    assert "Lost your passkey?" in again.current.text
    again.follow("Use a recovery code")
    page = again.press("Log in", code=code)
    assert "If you've lost your passkey" in page.text
    assert again.follow("Add a passkey").path == "/account/passkeys"
    add_passkey(again, Authenticator())
    assert world.count(Passkey) == 2


def test_a_device_is_remembered_after_a_passkey_too(world: World, alice: Visitor) -> None:
    device = Authenticator()
    add_passkey(alice, device)
    again = world.password_given("alice")
    answer_by_passkey(again, device, remember="y")
    again.press("Log out")
    assert world.password_given("alice", again).page.path == "/"


def test_the_page_that_was_asked_for_comes_after_the_passkey(world: World, alice: Visitor) -> None:
    device = Authenticator()
    add_passkey(alice, device)
    again = world.visitor()
    again.open("/account")
    again.press("Log in", email="alice@example.com", password="seven quiet lanterns by the river")
    assert answer_by_passkey(again, device).path == "/account"


def test_a_passkey_is_a_fresh_code(world: World, alice: Visitor) -> None:
    device = Authenticator()
    only_a_passkey(world, alice, device)
    world.clock.advance(minutes=21)
    page = alice.open("/account/password")
    assert (page.path, named(page.html, "code")) == ("/login/again", None)
    assert answer_by_passkey(alice, device).path == "/account/password"
    assert world.details("code.accepted") == {"purpose": "confirmation", "factor": "passkey"}


def test_a_passkey_is_added_with_a_fresh_code_only(world: World, alice: Visitor) -> None:
    world.clock.advance(minutes=21)
    assert alice.open("/account/passkeys").path == "/login/again"
    alice.press("Confirm", code=world.phones["alice"].code())
    assert alice.page.path == "/account/passkeys"


def test_a_remembered_device_alone_adds_none(world: World) -> None:
    alice = world.remembered_a_minute_ago("alice")
    world.password_given("alice", alice)
    assert alice.open("/account/passkeys").path == "/login/again"
    assert alice.open("/account/passkeys/question").path == "/login/again"
    assert world.count(Passkey) == 0


def test_by_choice_it_is_the_first_second_factor(world: World) -> None:
    world.person("erin")
    device = Authenticator()
    erin = world.password_given("erin")
    add_passkey(erin, device)
    assert world.details("passkey.added")["by_choice"] is True
    assert answer_by_passkey(world.password_given("erin"), device).path == "/"
    page = erin.open("/account")
    assert "After your password you use a passkey" in page.text
    page = erin.post(f"{passkey_page(erin)}/remove", follow=True)
    assert "You log in with your password alone" in page.text
    assert "password alone now opens the account" in world.words_of_last_mail()
    assert world.password_given("erin").page.path == "/"


def test_who_must_link_can_add_a_passkey_instead(world: World) -> None:
    world.person("alice", groups_=(world.finance(),))
    alice = world.password_given("alice")
    assert alice.current.path == "/enrolment"
    add_passkey(alice, Authenticator())
    assert alice.open("/").path == "/"


def test_the_last_second_factor_stays_under_a_rule(world: World, alice: Visitor) -> None:
    only_a_passkey(world, alice, Authenticator())
    assert "remove the passkey" not in alice.open("/account").text
    page = alice.post(f"{passkey_page(alice)}/remove", follow=True)
    assert "can't remove your only app or passkey" in page.text
    add_passkey(alice, Authenticator())
    alice.post(f"{passkey_page(alice)}/remove", follow=True)
    assert world.count(Passkey) == 1


def test_a_removed_passkey_opens_nothing_and_says_why(world: World, alice: Visitor) -> None:
    device = Authenticator()
    add_passkey(alice, device)
    page = alice.post(f"{passkey_page(alice)}/remove", follow=True)
    assert "no longer works here" in page.text
    add_passkey(alice, Authenticator())
    page = answer_by_passkey(world.password_given("alice"), device)
    assert (page.path, "This passkey isn't on your account" in page.text) == ("/login/code", True)
    assert world.details("code.refused")["reason"] == "unknown passkey"


def test_a_passkey_gets_another_name(world: World, alice: Visitor) -> None:
    add_passkey(alice, Authenticator())
    alice.open(f"{passkey_page(alice)}/name")
    page = alice.press("Save name", name="Blue key")
    assert (page.path, "Blue key" in page.text) == ("/account", True)
    assert world.details("passkey.renamed") == {"passkey": "Blue key", "before": "Passkey"}


def test_two_passkeys_cannot_have_one_name(world: World, alice: Visitor) -> None:
    add_passkey(alice, Authenticator())
    first = passkey_page(alice)
    world.clock.advance(seconds=1)
    add_passkey(alice, Authenticator())
    alice.open(f"{first}/name")
    assert "already have a passkey with this name" in alice.press("Save name", name="PASSKEY 2").text


def test_the_passkey_of_somebody_else_is_none_of_ones_own(world: World, alice: Visitor) -> None:
    world.person("bob")
    bob = world.password_given("bob")
    add_passkey(bob, Authenticator())
    page = alice.open(f"{passkey_page(bob)}/name")
    assert (page.status, "not on your account any more" in page.text) == (409, True)
    alice.open("/account")
    alice.post(f"{passkey_page(bob)}/remove", follow=True)
    assert world.count(Passkey) == 1


def test_a_refused_passkey_says_why_and_the_next_try_works(world: World, alice: Visitor) -> None:
    device = Authenticator()
    add_passkey(alice, device)
    again = world.password_given("alice")
    device.flags = FLAG.UP
    page = answer_by_passkey(again, device)
    assert "didn't check that it was you" in page.text
    device.flags = FLAG.UP | FLAG.UV
    assert answer_by_passkey(again, device).path == "/"


def test_without_the_script_the_page_says_what_is_missing(world: World, alice: Visitor) -> None:
    add_passkey(alice, Authenticator())
    again = world.password_given("alice")
    assert "Passkeys need JavaScript" in again.current.text
    assert "Switch on JavaScript" in again.press("Use a passkey").text
    assert "passkeys.js" in again.current.source


def test_who_adds_one_without_the_script_reads_why_that_fails(world: World, alice: Visitor) -> None:
    alice.open("/account/passkeys")
    page = alice.press("Add a passkey")
    assert (page.path, "Switch on JavaScript to use a passkey" in page.text) == ("/account/passkeys", True)


def test_who_has_no_passkey_gets_a_page_without_their_script(world: World, alice: Visitor) -> None:
    page = world.password_given("alice").current
    assert "passkey" not in page.source
    assert attribute(named(page.html, "code"), "autocomplete") == "one-time-code"


def test_a_question_writes_nothing_once_there_is_a_passkey(world: World, alice: Visitor) -> None:
    add_passkey(alice, Authenticator())
    before = world.count(UsedChallenge)
    asked_to_make(alice)
    alice.open("/login/passkey/question")
    assert world.count(UsedChallenge) == before


def test_a_reset_ends_the_passkeys(world: World, alice: Visitor) -> None:
    add_passkey(alice, Authenticator())
    world.reset("alice")
    assert world.count(Passkey) == 0
    assert world.password_given("alice").page.path == "/enrolment"


def test_wrong_codes_lock_the_passkeys_too(world: World, alice: Visitor) -> None:
    device = Authenticator()
    add_passkey(alice, device)
    again = world.password_given("alice")
    for _ in range(5):
        again.post("/login/code", code=world.phones["alice"].wrong_code())
    assert "Too many failed attempts" in answer_by_passkey(again, device).text


def test_after_linking_an_app_a_passkey_is_offered(world: World) -> None:
    world.person("erin")
    erin = world.link("erin")
    assert erin.current.path == "/account/recovery-codes"
    assert erin.follow("Add a passkey").path == "/account/passkeys"
    assert erin.follow("Not now").path == "/"


def test_at_another_address_the_page_says_where_passkeys_work(world: World) -> None:
    erin = world.visitor(base_url="http://127.0.0.1:8000")
    world.person("erin")
    world.password_given("erin", erin)
    page = erin.open("/account")
    assert "Open this site at http://localhost:8000" in page.text
    assert any(
        attribute(link, "href") == "http://localhost:8000/account"
        for link in page.html.find_all("a", href=True)
    )


def test_a_passkey_of_an_earlier_address_is_shown_and_does_not_work(world: World, alice: Visitor) -> None:
    device = Authenticator()
    add_passkey(alice, device)
    with world.data():
        db.session.query(Passkey).one().rp_id = "old.example.com"
    assert "Doesn't work here" in alice.open("/account").text
    question = world.password_given("alice").open("/login/passkey/question", follow=False)
    assert (question.status, "None of your passkeys was made for this site" in question.text) == (409, True)


def test_a_first_app_beside_a_passkey_is_no_second_one(world: World, alice: Visitor) -> None:
    only_a_passkey(world, alice, Authenticator())
    assert "when you don't have your passkey with you" in alice.open("/enrolment").text
    world.require(None, passkey_only=True)
    page = alice.open("/enrolment")
    assert "its codes don't open your account at the moment" in page.text
    phone = world.phone_that_scans(page)
    assert "its codes don't open it" in alice.submit("/enrolment", name="Phone", code=phone.code()).text


def test_beside_a_passkey_that_does_not_work_the_only_app_can_not_go(world: World, alice: Visitor) -> None:
    world.require(None)
    add_passkey(alice, Authenticator())
    assert "remove the app" in alice.open("/account").text
    with world.data():
        db.session.query(Passkey).one().rp_id = "old.example.com"
    page = alice.open("/account").text
    assert "remove the app" not in page
    assert "remove the passkey" in page


@pytest.mark.parametrize(
    ("public_url", "expected"),
    [
        ("https://login.example.com", ("login.example.com", "https://login.example.com")),
        ("https://login.example.com:443", ("login.example.com", "https://login.example.com")),
        ("https://Login.Example.com:8443", ("login.example.com", "https://login.example.com:8443")),
        ("http://127.0.0.1:8000", ("localhost", "http://localhost:8000")),
        ("http://localhost", ("localhost", "http://localhost")),
        ("https://bücher.example", ("xn--bcher-kva.example", "https://xn--bcher-kva.example")),
        ("https://192.0.2.1", None),
        ("https://[2001:db8::1]", None),
    ],
)
def test_who_the_site_is_for_passkeys(
    world: World, public_url: str, expected: tuple[str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(world.app.config["SETTINGS"]), "public_url", public_url)
    with world.app.app_context():
        found = relying_party.relying_party()
    assert (found and (found.id, found.origin)) == expected


def test_password_managers_are_told_where_passkeys_are_managed(world: World) -> None:
    found = world.visitor().open("/.well-known/passkey-endpoints").response
    assert found.json == {
        "enroll": "http://127.0.0.1:8000/account",
        "manage": "http://127.0.0.1:8000/account",
    }
