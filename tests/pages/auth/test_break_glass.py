"""Break-glass codes: with the password they let an administrator link a new app, once, and all are told."""

import base64
import re

import pytest

from mfa_app.core.factors import registry
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.models import Authenticator, BreakGlassCode, OneTimeLink, RecoveryCode, Role
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.refusals.scene import logged_in
from tests.support.stories import carol_at_work
from tests.support.world import PASSWORD, World

PAGE = "/login/break-glass"
SHAPE = re.compile(r"\b(?:[a-z2-7]{4}-){5}[a-z2-7]{4}\b")
WRONG_CODE = "aaaa-bbbb-cccc-dddd-eeee-ffff"


@pytest.fixture
def codes(world: World) -> tuple[str, ...]:
    """The site's codes; carol the administrator has an app, which she loses, and anton is another one."""
    world.linked_earlier("carol")
    world.linked_earlier("anton", role=Role.ADMIN)
    return world.break_glass_codes()


def enter(world: World, code: str, name: str = "carol") -> Visitor:
    """Let somebody give the password, then a break-glass code instead of one of the app."""
    visitor = world.password_given(name)
    visitor.follow("Use a break-glass code")
    visitor.press("Continue", code=code)
    return visitor


def made_on_the_page(carol: Visitor) -> list[str]:
    """Let an administrator make new codes; return them as the page shows them."""
    page = carol.submit("/admin/break-glass")
    return [code.text for code in page.html.find_all("code")]


@both_databases
def test_a_code_and_the_password_lead_to_linking_a_new_app_and_in(
    world: World, codes: tuple[str, ...]
) -> None:
    carol = enter(world, codes[0])
    assert (carol.page.path, "is used up" in carol.page.text) == ("/enrolment", True)
    assert carol.open("/admin").path == "/enrolment"
    phone = world.phone_that_scans(carol.open("/enrolment"))
    assert "You are now logged in" in carol.press("Enable", code=phone.code()).text
    assert carol.open("/admin").path == "/admin"


def test_it_removes_all_that_she_had_before_as_a_reset_does(world: World, codes: tuple[str, ...]) -> None:
    other = world.log_in_and_wait("carol")
    world.recovery_codes(other)
    enter(world, codes[0])
    assert (world.count(RecoveryCode), world.count(Authenticator)) == (0, 1)  # anton's
    assert other.open("/account").path == "/login"
    assert world.details("sessions.ended")["because"] == "break-glass code used"


def test_each_code_opens_once_and_the_other_one_still_does(world: World, codes: tuple[str, ...]) -> None:
    enter(world, codes[0])
    again = enter(world, codes[0], "anton")
    assert (again.page.status, "already been used" in again.page.text) == (400, True)
    assert enter(world, codes[1], "anton").page.path == "/enrolment"


def test_a_session_left_before_linking_opens_nothing_but_by_the_other_code(
    world: World, codes: tuple[str, ...]
) -> None:
    enter(world, codes[0])
    assert world.password_given("carol").page.path == "/login/link-needed"
    assert enter(world, codes[1]).page.path == "/enrolment"


@pytest.mark.parametrize(("old", "new"), [("", ""), ("-", ""), ("-", " "), ("-", "\u2013")])
def test_the_spelling_does_not_matter(world: World, codes: tuple[str, ...], old: str, new: str) -> None:
    assert enter(world, codes[0].replace(old, new).upper()).page.path == "/enrolment"


def test_it_opens_where_the_second_factors_are_locked(world: World, codes: tuple[str, ...]) -> None:
    with world.data():
        registry.lock(logged_in(world, "carol").user, now=world.clock())
    assert enter(world, codes[0]).page.path == "/enrolment"


def test_where_only_passkeys_count_it_leads_to_adding_one(world: World, codes: tuple[str, ...]) -> None:
    world.require(None, passkey_only=True)
    assert enter(world, codes[0]).page.path == "/account/passkeys"


@pytest.mark.parametrize("name", ["alice", "dave"])
def test_it_opens_nothing_for_staff_or_the_help_desk(world: World, codes: tuple[str, ...], name: str) -> None:
    world.group("Finance", required=True)
    world.linked_earlier(name, groups_=("Finance",))
    visitor = world.password_given(name)
    assert "break-glass" not in visitor.page.text
    assert visitor.open(PAGE).status == 403
    visitor.open("/login/code")
    assert visitor.post(PAGE, code=codes[0]).status == 403
    assert visitor.open("/").path == "/login/code"
    assert world.count(BreakGlassCode, BreakGlassCode.used_at.is_not(None)) == 0


def test_it_opens_nothing_without_the_password(world: World, codes: tuple[str, ...]) -> None:
    eve = world.visitor()
    assert eve.open(PAGE).path == "/login"
    assert eve.post(PAGE, code=codes[0], follow=True).path == "/login"
    assert world.count(BreakGlassCode, BreakGlassCode.used_at.is_not(None)) == 0


def test_it_is_no_answer_where_a_code_of_the_app_is_asked_for(world: World, codes: tuple[str, ...]) -> None:
    for path in ("/login/code", "/login/recovery-code"):
        assert world.password_given("carol").submit(path, code=codes[0]).status == 400
    assert world.count(BreakGlassCode, BreakGlassCode.used_at.is_not(None)) == 0


def test_wrong_ones_count_with_the_codes_of_the_app(world: World, codes: tuple[str, ...]) -> None:
    carol = enter(world, WRONG_CODE)
    assert (carol.page.status, "isn't one of the site's" in carol.page.text) == (400, True)
    for _ in range(4):
        carol.press("Continue", code=WRONG_CODE)
    carol.open("/login/code")
    assert "Too many failed attempts" in carol.press("Log in", code=world.next_code("carol")).text
    carol.open(PAGE)
    assert "Too many failed attempts" in carol.press("Continue", code=codes[0]).text


def test_what_is_no_code_is_not_counted(world: World, codes: tuple[str, ...]) -> None:
    carol = enter(world, "abcd-efgh")
    assert "24 letters and digits. Check it" in carol.page.text
    assert "break_glass.refused" not in world.events("carol")


def test_its_use_is_told_to_every_administrator_at_once(world: World, codes: tuple[str, ...]) -> None:
    world.linked_earlier("dave")
    enter(world, codes[0])
    assert world.mails("carol")[-1] == "break_glass_used"
    assert world.mails("anton")[-1] == "break_glass_alarm"
    assert "break_glass_alarm" not in world.mails("dave")
    assert world.details("break_glass.used") == {"was_linked": True, "left": 1}


def test_its_owner_can_lock_the_account_by_the_email_and_the_session_ends(
    world: World, codes: tuple[str, ...]
) -> None:
    eve = enter(world, codes[0])
    locks = OneTimeLink.purpose == Purpose.ACCOUNT_LOCK
    before = world.count(OneTimeLink, locks)
    with world.data():
        token = one_time_links.create(Purpose.ACCOUNT_LOCK, world.user("carol"), now=world.clock())
    assert before > 0
    carol = world.visitor()
    carol.open(f"/link/{token}")
    carol.press("Lock my account")
    assert eve.open("/enrolment").path == "/login"


def test_from_the_third_wrong_one_on_every_administrator_is_told(
    world: World, codes: tuple[str, ...]
) -> None:
    carol = enter(world, WRONG_CODE)
    told = []
    for _ in range(3):
        carol.press("Continue", code=WRONG_CODE)
        told.append([world.mails(name).count("break_glass_refused") for name in ("carol", "anton")])
    assert told == [[0, 0], [1, 1], [2, 2]]


def test_administrators_make_new_ones_with_a_fresh_code_and_the_old_two_end(
    world: World, codes: tuple[str, ...]
) -> None:
    carol = world.log_in_and_wait("carol")
    new = made_on_the_page(carol)
    assert len(set(new) | set(codes)) == 4
    assert all(SHAPE.fullmatch(code) for code in new)
    assert all(len(set(base64.b32decode(code.replace("-", "").upper()))) > 7 for code in new)
    assert not SHAPE.search(carol.open("/admin/break-glass").text)
    assert [world.mails(name)[-1] for name in ("carol", "anton")] == ["break_glass_made"] * 2
    assert world.details("break_glass.made") == {"ended_a_set": True}
    assert "newer codes have replaced it" in enter(world, codes[0], "anton").page.text
    assert enter(world, new[1], "anton").page.path == "/enrolment"


def test_without_a_fresh_code_none_are_made(world: World, codes: tuple[str, ...]) -> None:
    carol = world.log_in_and_wait("carol")
    carol.open("/admin/break-glass")
    world.clock.advance(minutes=21)
    assert carol.press("Make new codes").path == "/login/again"
    assert world.events().count("break_glass.made") == 1


def test_the_database_and_the_emails_never_know_them(world: World, codes: tuple[str, ...]) -> None:
    enter(world, codes[0])
    folder = world.app.config["SETTINGS"].instance_path
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for code in codes:
        assert code.encode() not in kept
        assert code.replace("-", "").encode() not in kept


def overview_line(page: Page) -> str:
    """Return what the overview says of the codes."""
    return re.search(r"(There are no|\d of 2) break-glass codes?[^.]*\.", page.text)[0]


def test_the_overview_says_calmly_that_there_are_none(world: World) -> None:
    carol = world.after(carol_at_work)
    page = carol.open("/admin")
    assert overview_line(page) == "There are no break-glass codes yet."
    assert page.html.find("a", string="Make them")["href"] == "/admin/break-glass"


def test_the_overview_and_readyz_ask_for_new_ones_until_they_are_made(
    world: World, codes: tuple[str, ...]
) -> None:
    enter(world, codes[0])
    anton = world.log_in_and_wait("anton")
    monitor = world.visitor(address="127.0.0.1")
    assert overview_line(anton.open("/admin")).startswith("1 of 2 break-glass codes is left")
    answer = monitor.open("/readyz")
    assert (answer.status, "A break-glass code was used on" in answer.text) == (503, True)
    made_on_the_page(anton)
    assert overview_line(anton.open("/admin")).startswith("2 of 2 break-glass codes are left")
    assert monitor.open("/readyz").status == 200


def test_the_first_administrator_is_led_to_them_and_nobody_else_is(world: World) -> None:
    with world.data():
        link = "/link/" + one_time_links.create(Purpose.SETUP, None, now=world.clock())
    carol = world.visitor()
    carol.open(link)
    carol.press("Create the administrator", name="Carol", email="carol@example.com", password=PASSWORD)
    phone = world.phone_that_scans(carol.page)
    carol.press("Enable", code=phone.code())
    assert carol.follow("Not now").path == "/admin/break-glass"
    codes = carol.press("Make the codes").html.find_all("code")
    assert (len(codes), carol.follow("Both are in their envelopes").path) == (2, "/")
    world.person("anton", role=Role.ADMIN)
    assert world.link("anton").follow("Not now").path == "/"
