"""A wrong code that looks as if there were a reason: the page says so, and nothing else is different."""

from datetime import timedelta

import pytest

from mfa_app.models import FormerApp
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.phone import Phone
from tests.support.statements import traffic
from tests.support.stories import alice_at_the_code_page, alice_at_the_linking_page, alice_just_linked
from tests.support.world import PASSWORD, World

UNEXPLAINED = "That code is wrong. Enter the 6 digits your authentication app shows now."


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice of Finance at the code page, some minutes after she linked her app."""
    alice = world.after(alice_at_the_code_page)
    world.clock.advance(minutes=9)
    return alice


@pytest.fixture
def phone(world: World, alice: Visitor) -> Phone:
    return world.phones["alice"]


@pytest.fixture
def linking(world: World) -> Visitor:
    """Alice of Finance at the linking page."""
    return world.after(alice_at_the_linking_page)


def reason(world: World) -> tuple[str, object]:
    """Return what the trail says of the latest refused code."""
    details = world.details("code.refused")
    return details["reason"], details["seen"]


def test_a_clock_that_is_off_is_told_by_how_much(world: World, alice: Visitor, phone: Phone) -> None:
    for failures, steps, words, seen in (
        (1, -8, "about 4 minutes slow", ("slow clock", 240)),
        (2, -2, "about 1 minute slow", ("slow clock", 60)),
        (3, -17, "about 9 minutes slow", ("slow clock", 510)),
        (4, 20, "about 10 minutes fast", ("fast clock", 600)),
    ):
        page = alice.press("Log in", code=phone.code(steps=steps))
        assert (page.status, page.path) == (400, "/login/code")
        assert f"It looks like your phone's clock is {words}. Let the phone set its clock itself" in page.text
        assert (reason(world), world.details("code.refused")["failures"]) == (seen, failures)


def test_beyond_ten_minutes_a_wrong_code_is_just_wrong(world: World, alice: Visitor, phone: Phone) -> None:
    for steps in (-21, 21):
        assert UNEXPLAINED in alice.press("Log in", code=phone.code(steps=steps)).text
        assert reason(world) == ("wrong", None), steps


def test_once_the_clock_is_right_the_new_code_gets_in(alice: Visitor, phone: Phone) -> None:
    phone.off_by = -240
    alice.press("Log in", code=phone.code())
    phone.off_by = 0
    assert alice.press("Log in", code=phone.code()).path == "/"


@both_databases
def test_a_code_that_was_refused_as_early_is_not_right_when_its_time_comes(
    world: World, alice: Visitor, phone: Phone
) -> None:
    early = phone.code(steps=8)
    assert "about 4 minutes fast" in alice.press("Log in", code=early).text
    world.clock.advance(minutes=4)
    assert early == phone.code()
    assert "already been used" in answer(world, phone).text
    world.clock.advance(seconds=30)
    assert answer(world, phone).path == "/"


def test_an_old_code_does_not_tell_of_a_slow_clock(world: World, alice: Visitor, phone: Phone) -> None:
    """The phone's clock was right when it showed a later one."""
    before = phone.code(steps=-4)
    alice.press("Log in", code=phone.code(), remember=None)
    assert UNEXPLAINED in world.password_given("alice").press("Log in", code=before).text


CURE = "Set its entry to SHA-1, 6 digits and 30 seconds"
OTHER_SETTINGS = [
    ({"algorithm": "sha256"}, "SHA-256", "SHA256/30"),
    ({"algorithm": "sha512"}, "SHA-512", "SHA512/30"),
    ({"period": 60}, "a period of 60 seconds", "SHA1/60"),
    ({"period": 15}, "a period of 15 seconds", "SHA1/15"),
]


def test_an_app_with_other_settings_is_recognised_at_both_pages(world: World, linking: Visitor) -> None:
    phone = world.phone_that_scans(linking.page)

    def is_recognised(visitor: Visitor, button: str) -> None:
        for settings, words, seen in OTHER_SETTINGS:
            text = visitor.press(button, code=phone.code(**settings)).text
            assert f"It looks like your app makes codes with {words}. {CURE}" in text
            assert reason(world) == ("other settings", seen)

    is_recognised(linking, "Enable")
    linking.press("Enable", code=phone.code())
    linking.press("Log out")
    world.clock.advance(minutes=1)
    is_recognised(world.password_given("alice"), "Log in")


def test_seven_or_eight_digits_are_other_settings_too(alice: Visitor, phone: Phone) -> None:
    for digits in ("1234567", "12345678"):
        assert "set its entry to 6 digits" in alice.press("Log in", code=digits).text
    assert "its entry" not in alice.press("Log in", code="123456789").text


def test_the_setup_key_is_not_a_code(world: World, linking: Visitor) -> None:
    secret = world.phone_that_scans(linking.page).secret
    key = " ".join(secret[i : i + 4] for i in range(0, 32, 4)).lower()
    for typed in (secret, key):
        assert "That is the setup key. It belongs in the app" in linking.press("Enable", code=typed).text
    assert "Enter digits only" in linking.press("Enable", code=f"{secret}A").text
    assert "code.refused" not in world.events()


def test_after_a_reset_the_old_entry_is_named(world: World, alice: Visitor, phone: Phone) -> None:
    world.clock.advance(days=3)
    world.reset("alice")
    anew = world.link("alice")
    anew.press("Log out")
    world.clock.advance(days=1)
    page = world.password_given("alice").press("Log in", code=phone.code())
    assert (
        "It looks like the code of the entry for Second Gate (127.0.0.1) that you linked on 2 March 2026. "
        "It was reset on 5 March 2026. Delete it: only a newer entry has the right code."
    ) in page.text
    assert reason(world) == ("former app", None)
    assert world.password_given("alice").press("Log in", code=world.phones["alice"].code()).path == "/"


def test_on_the_linking_page_after_a_reset_the_old_entry_is_named_too(
    world: World, alice: Visitor, phone: Phone
) -> None:
    world.reset("alice")
    page = world.password_given("alice").press("Enable", code=phone.code())
    assert (page.path, "It was reset on 2 March 2026." in page.text) == ("/enrolment", True)


def test_apps_that_were_removed_or_replaced_are_named_by_their_names(world: World) -> None:
    alice = world.after(alice_just_linked)
    tablet = world.link_another(alice, "Tablet")
    alice.open("/account")
    alice.post(f"{world.app_page('alice', 1)}/remove", follow=True)
    old = world.phones["alice"]
    new = world.phone_that_scans(alice.open(world.replacement_page("alice")))
    alice.press("Enable", code=new.code())
    world.clock.advance(minutes=1)
    alice.press("Log out")
    again = world.password_given("alice")
    page = again.press("Log in", code=tablet.code())
    assert "the code of “Tablet”, an entry for Second Gate (127.0.0.1)" in page.text
    assert "You removed it on 2 March 2026." in page.text
    assert reason(world) == ("former app", "Tablet")
    assert "It was replaced by a newer one on" in again.press("Log in", code=old.code()).text
    assert again.press("Log in", code=new.code()).path == "/"


def test_after_starting_over_the_older_entry_is_recognised(world: World, linking: Visitor) -> None:
    old = world.phone_that_scans(linking.page)
    world.clock.advance(minutes=20)
    linking.open("/enrolment")
    linking.press("Confirm", password=PASSWORD)
    page = linking.press("Enable", code=old.code())
    assert "an older entry for Second Gate (127.0.0.1), from a QR code that no longer counts." in page.text
    assert linking.press("Enable", code=world.phone_that_scans(page).code()).path == "/account/recovery-codes"


def test_a_slow_clock_is_told_on_the_linking_page(world: World, linking: Visitor) -> None:
    phone = world.phone_that_scans(linking.page)
    assert "about 4 minutes slow" in linking.press("Enable", code=phone.code(steps=-8)).text
    assert "about 4 minutes fast" in linking.press("Enable", code=phone.code(steps=8)).text
    assert linking.press("Enable", code=phone.code()).path == "/account/recovery-codes"


def test_the_linking_page_tells_nothing_of_apps_that_count(world: World) -> None:
    alice = world.after(alice_just_linked)
    alice.open("/enrolment")
    page = alice.press("Enable", name="Tablet", code=world.phones["alice"].code())
    assert UNEXPLAINED in page.text


@both_databases
def test_the_secret_of_a_former_app_is_kept_for_90_days_and_five_at_most(world: World) -> None:
    alice = world.after(alice_just_linked)
    phones = [world.phones["alice"]]
    for _ in range(6):
        phones.append(world.phone_that_scans(alice.open(world.replacement_page("alice"))))
        alice.press("Enable", code=phones[-1].code())
        world.clock.advance(minutes=1)
    assert world.count(FormerApp) == 5
    alice.press("Log out")
    told = ["It was replaced" in answer(world, phone).text for phone in (phones[0], phones[1])]
    assert told == [False, True]
    world.clock.advance(days=90)
    assert UNEXPLAINED in answer(world, phones[1]).text


def answer(world: World, phone: Phone) -> Page:
    """Log in as alice with the code that this phone shows now."""
    return world.password_given("alice").press("Log in", code=phone.code())


@both_databases
def test_wrong_codes_cost_the_same_statements_however_near_they_are(
    world: World, alice: Visitor, phone: Phone
) -> None:
    costs = []
    for code in (phone.wrong_code(), phone.code(steps=-20)):
        browser = world.password_given("alice")
        with traffic(world) as sent:
            browser.press("Log in", follow=False, code=code)
        costs.append(list(sent))
    assert costs[0] == costs[1]


def test_explained_codes_are_counted_like_all_others(world: World, alice: Visitor, phone: Phone) -> None:
    assert [alice.press("Log in", code=phone.code(steps=-8)).status for _ in range(6)] == [400] * 5 + [429]
    assert world.mails("alice").count("wrong_codes") == 1


def test_without_the_password_nobody_is_told_anything(world: World, phone: Phone) -> None:
    eve = world.visitor()
    eve.open("/login")
    eve.post("/login/code", follow=True, code=phone.code(steps=-8))
    assert eve.open("/login/code").path == "/login"
    assert "code.refused" not in world.events()


def test_administrators_read_the_reason_on_the_trail(world: World, alice: Visitor, phone: Phone) -> None:
    alice.press("Log in", code=phone.code(steps=-8))
    world.linked_earlier("carol")
    text = world.log_in_and_wait("carol").open("/admin/trail").text
    assert "Reason: clock of the phone is slow" in text
    assert "It looks like: 4 minutes off" in text


def test_a_code_that_is_explained_opens_nothing(world: World, alice: Visitor, phone: Phone) -> None:
    for code in (phone.code(steps=-8), phone.code(steps=8), phone.code(algorithm="sha256")):
        alice.press("Log in", code=code)
        assert alice.open("/").path == "/login/code"
    assert FormerApp.fate.kept_for == timedelta(days=90)
