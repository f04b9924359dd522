"""The help desk: whom it sees, the one thing that it does, and what it is refused."""

import re
from urllib.parse import unquote

import pytest
from sqlalchemy import update

from mfa_app.core.throttling import counters, limits
from mfa_app.core.throttling.limits import Limit
from mfa_app.core.users import invitations
from mfa_app.extensions import db
from mfa_app.models import Authenticator, AuthSession, PendingEnrolment, RememberedDevice, Throttle
from tests.support.authenticator import Authenticator as SoftwareAuthenticator
from tests.support.browser import Visitor, attribute, words
from tests.support.databases import both_databases
from tests.support.passkeys import send_passkey
from tests.support.stories import carol_at_work, dave_at_work
from tests.support.world import TERMINAL, World

REASON = "Phone lost, called back on 4711"
CHECKED = {"checked": "called back", "note": None}
AT_ONCE = {"asked_by": None, "approval": None}


@pytest.fixture
def dave(world: World) -> Visitor:
    return world.after(dave_at_work)


def page_of(world: World, name: str, *more: str) -> str:
    return "/".join((f"/admin/people/{world.id_of(name)}", *more))


def reset(world: World, visitor: Visitor, name: str, reason: str = REASON) -> None:
    visitor.open(page_of(world, name, "reset"))
    visitor.press("Reset 2-factor authentication", checked="called back", reason=reason)


def test_the_help_desk_sees_staff_and_nobody_else(world: World, dave: Visitor) -> None:
    world.people("alice", "carol")
    world.person("dora", role="helpdesk")
    page = dave.open(attribute(dave.open("/").html.find("a", string="Help desk"), "href"))
    assert page.path == "/admin/people"
    assert [link.get_text() for link in page.html.select("tbody td:first-child a")] == ["Alice"]
    assert page.html.find(attrs={"name": "role"}) is None
    page = dave.open("/admin/people?role=admin")
    assert page.status == 400
    assert "Choose an option from the list." in page.text


def test_it_has_no_way_to_the_policy(dave: Visitor) -> None:
    page = dave.open("/admin/people")
    assert not [link for link in page.html.find_all("a") if "Policy" in link.get_text()]
    page = dave.open("/admin/policy")
    assert (page.status, page.title) == (403, "Not for your account")


def test_the_page_of_a_person_has_one_button_and_no_trail(world: World, dave: Visitor) -> None:
    world.linked_earlier("alice")
    page = dave.open(page_of(world, "alice"))
    buttons = [found.get_text(strip=True) for found in page.html.main.select("button, a.btn, summary")]
    assert buttons == ["Reset 2-factor authentication"]
    assert "All events" not in page.text


def test_the_page_of_a_person_says_why_the_latest_code_was_refused(world: World, dave: Visitor) -> None:
    world.linked_earlier("alice", groups_=(world.finance(),))
    world.clock.advance(minutes=5)
    phone, alice = world.phones["alice"], world.password_given("alice")
    for code, why in (
        (phone.code(steps=-8), "clock of the phone is slow, 4 minutes off"),
        (phone.code(algorithm="sha256"), "app with other settings, SHA256/30"),
        (phone.wrong_code(), "wrong code"),
    ):
        alice.press("Log in", code=code)
        assert f": {why}." in dave.open(page_of(world, "alice")).text
    alice.press("Log in", code=phone.code())
    assert "A code was refused" not in dave.open(page_of(world, "alice")).text


def fail_with_codes(world: World, name: str, times: int) -> Visitor:
    """Let somebody, whose group requires a code, enter so many wrong ones; return the browser."""
    world.linked_earlier(name, groups_=(world.finance(),))
    visitor = world.password_given(name)
    for _ in range(times):
        visitor.press("Log in", code=world.phones[name].wrong_code())
    return visitor


def test_it_lets_somebody_try_again_who_has_to_wait(world: World, dave: Visitor) -> None:
    alice = fail_with_codes(world, "alice", 6)
    assert "has to wait until" in dave.open(page_of(world, "alice")).text
    assert "after 5 wrong codes or passkeys." in dave.page.text
    page = dave.press("Let this person try again")
    assert page.path == page_of(world, "alice")
    assert "Alice can try again now." in page.text
    assert "has to wait" not in page.text
    assert world.events("alice")[-1] == "throttle.cleared"
    alice.open("/login/code")
    assert alice.press("Log in", code=world.phones["alice"].code()).path == "/"


def test_each_wait_is_told_with_what_failed(world: World, dave: Visitor) -> None:
    alice = fail_with_codes(world, "alice", 6)
    with world.data():
        number = world.id_of("alice")
        for limit, key in (
            (limits.PASSWORD_UNKNOWN_BROWSER, number),
            (limits.PASSWORD_KNOWN_BROWSER, f"{number}:desk"),
            (limits.PASSWORD_UNKNOWN_BROWSER, world.id_of("dave")),
            (limits.MAIL_TO_USER, number),
        ):
            for _ in range(limit.free_attempts):
                counters.charge(limit, key, now=world.clock())
    page = dave.open(page_of(world, "alice")).text
    assert "after 5 wrong passwords in unknown browsers." in page
    assert "after 5 wrong passwords in a browser of their own." in page
    assert "after 3 emails with a link for a new password." in page
    assert page.count("has to wait until") == 4
    assert alice.page.status == 429
    world.clock.advance(hours=1, seconds=1)
    assert "has to wait" not in dave.open(page_of(world, "alice")).text


@both_databases
@pytest.mark.parametrize(
    ("limit", "told", "listed"),
    [
        (limits.HELP_REQUESTS, "after 3 requests for a reset.", "requests for a reset"),
        (limits.EMAIL_CODES, "after 5 codes by email.", "codes by email after a reset"),
    ],
)
def test_what_others_have_used_up_is_seen_and_lifted(
    world: World, dave: Visitor, limit: Limit, told: str, listed: str
) -> None:
    """Whoever has the password can use up the owner's requests and codes by email."""
    world.linked_earlier("alice")
    with world.data():
        for _ in range(limit.free_attempts):
            counters.charge(limit, world.id_of("alice"), now=world.clock())
    assert listed in world.after(carol_at_work).open("/admin/throttled").text
    assert told in dave.open(page_of(world, "alice")).text
    assert "Alice can try again now." in dave.press("Let this person try again").text
    with world.data():
        counters.charge(limit, world.id_of("alice"), now=world.clock())


@pytest.mark.parametrize("failures", [50, 100])
def test_who_is_stopped_is_told_what_helps(world: World, dave: Visitor, failures: int) -> None:
    """Too many wrong codes: only a reset. Too many wrong passwords: a new one, or the help desk."""
    world.linked_earlier("alice", groups_=(world.finance(),))
    limit = limits.CODE if failures == 50 else limits.PASSWORD_UNKNOWN_BROWSER
    with world.data():
        counters.charge(limit, world.id_of("alice"), now=world.clock())
        db.session.execute(
            update(Throttle).where(Throttle.key.startswith(limit.name)).values(failures=failures)
        )
        if limit is limits.CODE:
            world.user("alice").factors_locked_at = world.clock()
    page = dave.open(page_of(world, "alice"))
    stopped = "Blocked until the password is reset by email, after 100 wrong passwords in unknown browsers."
    assert (stopped in page.text) == (failures == 100)
    assert ("Let this person try again" in page.text) == (failures == 100)


def test_it_ends_sessions_and_forgets_devices(world: World, dave: Visitor) -> None:
    world.require(None)
    world.linked_earlier("alice")
    alice = world.log_in_and_wait("alice", remember=True)
    dave.open(page_of(world, "alice"))
    page = dave.press("End all access")
    assert "Alice is logged out everywhere, and all remembered devices are removed." in page.text
    assert "End all access" not in [button.get_text() for button in page.html.main.select("button")]
    assert alice.open("/").path == "/login"
    assert world.count(RememberedDevice) == 0
    assert world.count(Authenticator, Authenticator.user_id == world.id_of("alice")) == 1


def test_it_never_gets_a_link_that_opens_an_account(world: World, dave: Visitor) -> None:
    """Without a mail server the answer shows the link. Dave could choose a password with it."""
    world.person("dora", password=None)
    with world.data():
        invitations.invite(world.user("dora"), actor=TERMINAL, now=world.clock())
    before = world.events()
    page = dave.open(page_of(world, "dora"))
    assert "The link works until" in page.text
    assert page.html.main.select("form") == []
    answer = dave.post(page_of(world, "dora", "invite"))
    assert answer.status == 403
    assert "/link/" not in answer.response.text
    assert world.events() in (before, [*before, "access.refused"])
    assert world.mails("dora") == ["invitation"]


def test_where_nothing_is_linked_there_is_nothing_to_reset(world: World, dave: Visitor) -> None:
    world.person("bob")
    page = dave.open(page_of(world, "bob"))
    assert "Nothing to reset: this person has no app or passkey." in page.text
    assert page.html.main.select("a.btn-danger") == []
    world.linked_earlier("alice")
    page = dave.open(page_of(world, "alice"))
    assert "Nothing to reset" not in page.text
    assert [link.get_text() for link in page.html.main.select("a.btn-danger")] == [
        "Reset 2-factor authentication"
    ]


def test_before_a_reset_the_page_says_whom_it_is_about(world: World, dave: Visitor) -> None:
    """Two people of one name are told apart."""
    finance = world.finance()
    world.linked_earlier("alice", groups_=(finance,))
    world.log_in_and_wait("alice")
    with world.data():
        world.user("alice").directory_number = "4711"
    page = dave.open(page_of(world, "alice", "reset"))
    panel = page.html.find("section", attrs={"aria-labelledby": "whom"})
    assert panel is not None
    told = {
        name.get_text(): words(value)
        for name, value in zip(panel.select("dt"), panel.select("dd"), strict=True)
    }
    assert told == {
        "Name": "Alice",
        "Email address": "alice@example.com",
        "Groups": finance,
        "Last login": "2 Mar 2026, 09:01 UTC",
        "Linked since": "2 Mar 2026",
        "Directory number": "4711",
    }
    world.person("bob")
    assert "nothing is linked" in dave.open(page_of(world, "bob", "reset")).text


def test_before_a_reset_the_page_warns_of_fraud(world: World, dave: Visitor) -> None:
    world.linked_earlier("alice")
    page = dave.open(page_of(world, "alice", "reset"))
    assert "Use the number in the company directory" in page.text
    assert "Never reset because of an email" in page.text
    assert "Never ask for a password or a code" in page.text


def test_a_reset_ends_everything_and_tells_the_person(world: World, dave: Visitor) -> None:
    world.require(None)
    world.linked_earlier("alice")
    alice = world.log_in_and_wait("alice", remember=True)
    reset(world, dave, "alice")
    assert alice.open("/").path == "/login"
    assert world.count(Authenticator) == 1  # dave's own
    assert world.count(RememberedDevice) == 0
    assert world.details("second_factor.reset") == {
        "reason": REASON,
        "was_linked": True,
        **CHECKED,
        **AT_ONCE,
    }
    assert world.mails("alice")[-1] == "reset_second_factor"
    assert REASON in world.last_mail()
    assert world.password_given("alice").page.path == "/enrolment"


def test_a_reset_drops_logins_and_links_that_have_only_begun(world: World, dave: Visitor) -> None:
    world.require(None)
    world.person("erin")
    erin = world.password_given("erin")
    phone = world.phone_that_scans(erin.page)
    reset(world, dave, "erin")
    assert world.count(PendingEnrolment) == 0
    assert world.count(AuthSession, AuthSession.user_id == world.id_of("erin")) == 0
    assert erin.press("Enable", code=phone.code()).path == "/login"


def test_a_reset_needs_a_reason(world: World, dave: Visitor) -> None:
    world.linked_earlier("alice")
    dave.open(page_of(world, "alice", "reset"))
    for reason in ("", "    ", "lost", "x" * 501):
        page = dave.press("Reset 2-factor authentication", checked="called back", reason=reason)
        assert (page.status, bool(page.html.select(".field-error"))) == (400, True), reason
    assert world.count(Authenticator) == 2


def test_it_never_resets_its_equals_its_betters_or_itself(world: World, dave: Visitor) -> None:
    world.person("carol")
    world.person("dora", role="helpdesk")
    dave.open("/admin/people")
    for name in ("carol", "dora", "dave"):
        path = page_of(world, name, "reset")
        pages = [dave.post(path, checked="called back", reason=REASON), dave.copy().open(path)]
        assert [(page.status, page.title) for page in pages] == [(403, "Not for your account")] * 2, name
        assert world.events()[-2:] == ["access.refused"] * 2
        assert world.details("access.refused") == {"page": path}
    assert world.count(Authenticator) == 1


def test_it_does_not_see_the_page_of_an_administrator_or_its_own(world: World, dave: Visitor) -> None:
    world.person("carol")
    for times, name in enumerate(("carol", "dave"), start=1):
        assert dave.open(page_of(world, name)).status == 403, name
        assert world.events()[-times:] == ["access.refused"] * times


def test_it_may_do_nothing_else_with_anybody(world: World, dave: Visitor) -> None:
    world.person("alice")
    dave.open("/admin/people")
    actions = ("edit", "disable", "enable", "policy", "policy/require", "policy/release")
    sent = {"role": "admin", "name": "A", "email": "a@b.example"}
    for times, action in enumerate(actions, start=1):
        assert dave.post(page_of(world, "alice", action), **sent).status == 403, action
        assert world.events()[-times:] == ["access.refused"] * times
    assert dave.post("/admin/people/new", name="A", email="a@b.example").status == 403


def test_it_asks_for_a_code_again_after_twenty_minutes(world: World, dave: Visitor) -> None:
    world.linked_earlier("alice")
    dave.open(page_of(world, "alice", "reset"))
    world.clock.advance(minutes=21)
    assert (
        dave.press("Reset 2-factor authentication", checked="called back", reason=REASON).path
        == "/login/again"
    )
    assert world.count(Authenticator) == 2


def test_without_an_app_of_its_own_the_help_desk_links_one_first(world: World) -> None:
    world.person("dave")
    dave = world.log_in_and_wait("dave")
    assert dave.open("/admin/people").path == "/enrolment"


def test_the_lost_app_page_promises_no_more_than_every_reset_leads_to(world: World) -> None:
    page = world.visitor().open("/login/help").text
    assert "If you're asked for an access pass, the help desk reads it out to you; if for a code" in page
    assert "QR code" not in page


def test_the_lost_app_page_its_mail_and_the_reset_page_say_the_same(world: World, dave: Visitor) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    lost = world.visitor().open("/login/help")
    mail = unquote(lost.html.find("a", href=re.compile("^mailto:"))["href"])
    alice = world.password_given("alice")
    alice.open("/login/lost")
    waiting = alice.press("Ask for a reset", lost="lost").text
    reset = dave.open(page_of(world, "alice", "reset")).text
    for text in (lost.text, mail, waiting, reset):
        assert "number in the company directory" in text
        assert "reset my" not in text
    for text in (lost.text, waiting, reset):
        assert "never" in text.partition("number in the company directory")[2].partition(".")[0]
    assert "call me back" in mail and "called back" in lost.text and "Call back" in reset
    assert "calls you back" in waiting and "when they ask for it" in lost.text
    assert "Don't give a phone number." in lost.text


def test_they_are_true_for_people_who_have_passkeys(world: World, dave: Visitor) -> None:
    world.require(None)
    world.person("alice")
    send_passkey(world.password_given("alice"), SoftwareAuthenticator())
    lost = world.visitor().open("/login/help").text
    assert "remove the one you lost" in lost and "passkey or security key" in lost
    assert "All apps, passkeys and recovery codes" in dave.open(page_of(world, "alice", "reset")).text
    reset(world, dave, "alice")
    mail = " ".join(world.words_of_last_mail().split())
    assert "Your apps, passkeys and recovery codes no longer work" in mail
    assert world.password_given("alice").page.path == "/enrolment"
