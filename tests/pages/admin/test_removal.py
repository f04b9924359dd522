"""The help desk removes one app or passkey of somebody, and leaves the others."""

from urllib.parse import quote

import pytest

from mfa_app.models import Authenticator, Passkey, RecoveryCode, RememberedDevice
from tests.support.authenticator import Authenticator as SoftwareAuthenticator
from tests.support.browser import Visitor
from tests.support.passkeys import answer_by_passkey, send_passkey
from tests.support.world import World

REASON = "Tablet lost, called back on 4711"
ICLOUD = bytes.fromhex("fbfc3007154e4ecc8c0b6e020557d7bd")


@pytest.fixture
def dave(world: World) -> Visitor:
    return world.after(dave_and_alice_with_a_tablet)


def dave_and_alice_with_a_tablet(world: World) -> Visitor:
    """Return the browser of dave, where alice of Finance has a phone and a tablet."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.phones["tablet"] = world.link_another(world.log_in_and_wait("alice"), "Tablet")
    world.linked_earlier("dave")
    return world.log_in_and_wait("dave")


def of_alice(world: World) -> tuple[int, int]:
    """Return how many apps and passkeys alice has."""
    alice = world.id_of("alice")
    apps = world.count(Authenticator, Authenticator.user_id == alice)
    return apps, world.count(Passkey, Passkey.user_id == alice)


def add_passkey(world: World) -> SoftwareAuthenticator:
    """Let alice add a passkey; return what holds it."""
    device = SoftwareAuthenticator(aaguid=ICLOUD)
    send_passkey(world.log_in_and_wait("alice"), device)
    return device


def remove(world: World, visitor: Visitor, number: int, button: str = "Remove the app") -> None:
    visitor.open(world.removal_page("alice", number))
    visitor.press(button, checked="called back", reason=REASON)


def person_page(world: World, name: str = "alice") -> str:
    return f"/admin/people/{world.id_of(name)}"


def test_the_page_of_a_person_lists_apps_and_passkeys_with_their_dates(world: World, dave: Visitor) -> None:
    device = add_passkey(world)
    page = dave.open(person_page(world))
    titles = [title.get_text(strip=True) for title in page.html.select(".item-title")]
    assert titles == ["Authentication app", "Tablet", "iCloud Keychain"]
    items = [item.get_text(" ", strip=True) for item in page.html.select(".items li")]
    assert "Linked on" in items[0] and "Last used" in items[0]
    assert "Authentication app, linked on" in items[1]
    assert "Passkey, added on" in items[2] and "Not used yet." in items[2]
    answer_by_passkey(world.password_given("alice"), device)
    page = dave.open(person_page(world))
    assert "Not used yet." not in page.text
    labels = [link.get_text(" ", strip=True) for link in page.html.select(".items a.btn")]
    assert labels == ["Remove Authentication app", "Remove Tablet", "Remove iCloud Keychain"]


def test_who_has_passkeys_alone_counts_as_linked(world: World, dave: Visitor) -> None:
    add_passkey(world)
    remove(world, dave, 0)
    remove(world, dave, 0)
    page = dave.open(person_page(world))
    assert of_alice(world) == (0, 1)
    assert "Not linked" not in page.text and "Linked" in page.text


def test_a_removed_app_opens_nothing_and_the_others_do(world: World, dave: Visitor) -> None:
    world.recovery_codes(world.log_in_and_wait("alice"))
    remove(world, dave, 1)
    assert "“Tablet” is removed for Alice." in dave.page.text
    assert of_alice(world) == (1, 0)
    assert world.count(RecoveryCode) == 10
    alice = world.password_given("alice")
    page = alice.press("Log in", code=world.phones["tablet"].code())
    assert (page.path, "The help desk removed it on" in page.text) == ("/login/code", True)
    assert world.log_in_and_wait("alice").page.path == "/"


def test_a_removed_passkey_opens_nothing_and_the_apps_do(world: World, dave: Visitor) -> None:
    add_passkey(world)
    begun = world.password_given("alice")
    remove(world, dave, 2, "Remove the passkey")
    assert of_alice(world) == (2, 0)
    assert begun.open("/login/code").path == "/login"
    again = world.password_given("alice")
    assert not again.current.html.find("button", string="Use a passkey")
    assert again.open("/login/passkey/question", follow=False).status == 409
    assert again.open("/").path == "/login/code"
    assert world.log_in_and_wait("alice").page.path == "/"


def test_all_access_ends_and_the_owner_is_told_who_did_it_and_why(world: World, dave: Visitor) -> None:
    alice = world.log_in_and_wait("alice", remember=True)
    assert world.count(RememberedDevice) == 1
    remove(world, dave, 1)
    assert alice.open("/").path == "/login"
    assert world.count(RememberedDevice) == 0
    checked = {"checked": "called back", "note": None}
    told = {"factor": "app", "name": "Tablet", "reason": REASON, **checked}
    assert world.details("second_factor.removed") == told
    assert world.mails("alice")[-1] == "factor_removed"
    mail = world.words_of_last_mail()
    assert "dave@example.com removed the authentication app “Tablet”" in mail
    assert f"Reason: “{REASON}”" in mail
    assert "This wasn't me: lock my account" in mail


def test_the_mail_about_a_passkey_names_it(world: World, dave: Visitor) -> None:
    add_passkey(world)
    remove(world, dave, 2, "Remove the passkey")
    assert "removed the passkey “iCloud Keychain” from your account" in " ".join(
        world.words_of_last_mail().split()
    )
    assert world.details("second_factor.removed")["factor"] == "passkey"


def test_the_only_one_is_not_removed_but_reset(world: World, dave: Visitor) -> None:
    remove(world, dave, 1)
    page = dave.open(person_page(world))
    assert not page.html.select(".items a.btn")
    path = world.removal_page("alice")
    page = dave.open(path)
    assert "It's the only app or passkey of this person." in page.text
    assert page.html.find("a", string="Reset 2-factor authentication")
    page = dave.post(path, checked="called back", reason=REASON, follow=True)
    assert "Nothing was removed: it's the only app or passkey" in page.text
    assert of_alice(world) == (1, 0)


def test_what_is_gone_already_is_said_so(world: World, dave: Visitor) -> None:
    path = world.removal_page("alice", 1)
    remove(world, dave, 1)
    sent = dave.post(path, checked="called back", reason=REASON, follow=True)
    for page in (sent, dave.open(path)):
        assert (page.status, "not on the account any more" in page.text) == (409, True)
    assert world.events().count("second_factor.removed") == 1


def test_what_belongs_to_somebody_else_is_not_removed_here(world: World, dave: Visitor) -> None:
    world.linked_earlier("bob")
    path = f"{person_page(world)}/factors/{world.removal_page('bob').rpartition('/')[2]}"
    assert (
        "not on the account any more"
        in dave.post(path, checked="called back", reason=REASON, follow=True).text
    )
    assert world.count(Authenticator) == 4


def test_a_removal_needs_a_reason(world: World, dave: Visitor) -> None:
    dave.open(world.removal_page("alice", 1))
    for reason in ("", "    ", "lost", "x" * 501):
        page = dave.press("Remove the app", checked="called back", reason=reason)
        assert (page.status, bool(page.html.select(".field-error"))) == (400, True), reason
    assert of_alice(world) == (2, 0)


def test_before_a_removal_the_page_warns_of_fraud(world: World, dave: Visitor) -> None:
    page = dave.open(world.removal_page("alice", 1))
    assert "Use the number in the company directory" in page.text
    assert "Never remove anything because of an email" in page.text
    assert "Never ask for a password or a code" in page.text


@pytest.mark.parametrize("name", ["carol", "dora", "dave"])
def test_the_help_desk_removes_nothing_of_its_equals_its_betters_or_itself(
    world: World, dave: Visitor, name: str
) -> None:
    if name != "dave":
        world.linked_earlier(name, role={"carol": "admin", "dora": "helpdesk"}[name])
    world.link_another(world.log_in_and_wait(name), "Tablet")
    dave = world.log_in_and_wait("dave")
    dave.open("/admin/people")
    path, before = world.removal_page(name), world.count(Authenticator)
    pages = [dave.post(path, checked="called back", reason=REASON), dave.open(path)]
    assert [(page.status, page.title) for page in pages] == [(403, "Not for your account")] * 2
    assert world.events()[-2:] == ["access.refused"] * 2
    assert world.details("access.refused") == {"page": path}
    assert world.count(Authenticator) == before


def test_an_administrator_removes_that_of_another_but_not_the_own(world: World, dave: Visitor) -> None:
    world.linked_earlier("carol")
    world.link_another(world.log_in_and_wait("carol"), "Tablet")
    world.link_another(world.log_in_and_wait("dave"), "Tablet")
    carol = world.log_in_and_wait("carol")
    page = carol.open(person_page(world, "carol"))
    assert page.html.select(".items li") and not page.html.select(".items a.btn")
    assert carol.open(world.removal_page("carol")).status == 403
    carol.open(world.removal_page("dave", 1))
    carol.press("Remove the app", checked="called back", reason=REASON)
    assert "“Tablet” is removed for Dave." in carol.page.text
    trail = carol.open(f"/admin/trail?person={quote('dave@example.com')}")
    assert "One app or passkey removed" in trail.text and REASON in trail.text


def test_where_only_passkeys_count_a_code_leads_to_another_passkey(world: World, dave: Visitor) -> None:
    add_passkey(world)
    world.require("Finance", passkey_only=True)
    remove(world, dave, 2, "Remove the passkey")
    alice = world.password_given("alice")
    assert alice.press("Log in", code=world.phones["alice"].code()).path == "/account/passkeys"
