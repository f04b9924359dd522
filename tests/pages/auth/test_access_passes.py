"""An access pass after a reset: a helper reads it out, and with the password it leads to linking, once."""

import math
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from mfa_app.core.common.errors import LastAdministrator, SessionEnded
from mfa_app.core.factors import link_proofs
from mfa_app.core.helpdesk import access_passes, opening
from mfa_app.core.mail.outbox import WITH_LOCK_LINK, Mail
from mfa_app.core.operations import housekeeping
from mfa_app.core.passwords import change
from mfa_app.core.policy import overrides
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.core.users import account_lock, accounts
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, Authenticator, LinkSecret, Role, User
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.tables import changed
from tests.support.world import CALLED_BACK, TERMINAL, VISITOR, World

PAGE = "/login/access-pass"
SHAPE = re.compile(r"\b[A-Z0-9]{4} [A-Z0-9]{4}\b")
REFUSED = "This access pass doesn't work."
RULES = {"no rule at all": {}, "a grace period": {"required": True, "grace_days": 14}}


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """The settings of the server: a reset leads to an access pass."""
    return {**environment, "MFA_RESET_LEADS_TO": "access-pass"}


def reset(world: World, name: str = "alice", **rule: object) -> None:
    """Let somebody of Finance have been reset who had an app."""
    world.group("Finance", **(rule or {"required": True}))
    world.linked_earlier(name, groups_=("Finance",))
    world.reset(name)


def made(world: World, name: str = "alice", lifetime: timedelta = timedelta(hours=1)) -> str:
    """Make an access pass at the terminal; return it as it is read out."""
    with world.data():
        user = world.user(name)
        how = {"lifetime": lifetime, "checked": CALLED_BACK}
        return access_passes.make(user, **how, actor=TERMINAL, now=world.clock()).shown


def enter(visitor: Visitor, code: str) -> Page:
    visitor.open(PAGE)
    return visitor.press("Continue", code=code)


def make_on_the_page(world: World, helper: Visitor, name: str, minutes: str = "60") -> Page:
    """Let a helper make a pass on the page of a person."""
    helper.open(f"/admin/people/{world.id_of(name)}")
    helper.follow("Make an access pass")
    return helper.press("Make the access pass", checked="called back", minutes=minutes)


def test_a_helper_makes_a_pass_and_it_leads_to_linking_and_in(world: World) -> None:
    reset(world)
    dave, alice = world.at_work("dave"), world.password_given("alice")
    assert (alice.page.path, alice.page.title) == (PAGE, "Enter your access pass")
    page = make_on_the_page(world, dave, "alice", minutes="240")
    shown = SHAPE.search(page.html.select_one(".request-number").text)
    assert shown, page.text
    assert page.title == "Access pass for Alice"
    assert "It works for 240 more minutes." in page.text
    assert f"They log in at {world.app.config['SETTINGS'].public_url} with" in page.text
    typed = f"  {shown[0].lower().replace(' ', '-')} "
    assert alice.press("Continue", code=typed).path == "/enrolment"
    assert alice.open("/account").path == "/enrolment"
    world.phones["alice"] = world.phone_that_scans(alice.open("/enrolment"))
    assert "You are now logged in" in alice.press("Enable", code=world.phones["alice"].code()).text
    assert world.count(LinkSecret) == 0
    assert world.details("access_pass.made") == {
        "minutes": 240,
        "ended_one": False,
        "checked": "called back",
        "note": None,
    }
    assert world.details("linking.permitted") == {"proof": "access-pass"}
    world.clock.advance(seconds=30)
    assert world.password_given("alice").page.path == "/login/code"


@pytest.mark.parametrize("rule", RULES)
def test_after_the_reset_nothing_opens_but_the_page_that_takes_the_pass(world: World, rule: str) -> None:
    reset(world, **RULES[rule])
    alice = world.password_given("alice")
    for path in ("/", "/account", "/enrolment", "/account/passkeys", "/login/code", "/login/again"):
        assert alice.open(path).path == PAGE, path
    assert alice.post("/enrolment", code="123456", follow=True).path == PAGE
    assert world.count(Authenticator) == 0


def test_the_pass_is_kept_as_a_hash_alone_and_mailed_to_nobody(world: World) -> None:
    """Attack 114: neither the database nor the mailbox gives it away."""
    reset(world)
    shown = made(world)
    world.deliver()
    plain = shown.replace(" ", "").lower()
    with world.data():
        row = db.session.query(LinkSecret).one()
        assert row.secret_hash.startswith("$argon2id$")
        assert plain not in row.secret_hash.lower()
    assert world.mails("alice")[-1] == "access_pass_made"
    words = world.last_mail()
    assert shown not in words
    assert plain not in words.lower()
    text = " ".join(world.words_of_last_mail().split())
    assert "made an access pass for you" in text
    assert "called you back on your number" in text
    assert "This wasn't me: lock my account" in text
    assert Mail.ACCESS_PASS_MADE in WITH_LOCK_LINK


@both_databases
def test_a_pass_works_once(world: World) -> None:
    """Attack 114: what was overheard is worth nothing after it has been typed."""
    reset(world)
    shown, eve, alice = made(world), world.password_given("alice"), world.password_given("alice")
    assert enter(alice, shown).path == "/enrolment"
    again = enter(eve, shown)
    assert (again.status, REFUSED in again.text) == (400, True)
    assert world.details("linking.refused") == {"proof": "access-pass", "failures": 1}


@both_databases
def test_a_pass_of_somebody_else_opens_nothing(world: World) -> None:
    """Attack 114: bob's pass, with the password of alice."""
    reset(world)
    world.linked_earlier("bob", groups_=("Finance",))
    world.reset("bob")
    shown = made(world, "bob")
    assert REFUSED in enter(world.password_given("alice"), shown).text
    assert enter(world.password_given("bob"), shown).path == "/enrolment"


def used(world: World, shown: str) -> None:
    enter(world.password_given("alice"), shown)


def too_old(world: World, shown: str) -> None:
    world.clock.advance(hours=1)


def replaced(world: World, shown: str) -> None:
    made(world)


def revoked(world: World, shown: str) -> None:
    with world.data():
        accounts.end_access(world.user("alice"), actor=TERMINAL)


def reset_again(world: World, shown: str) -> None:
    world.reset("alice")


def locked_and_opened(world: World, shown: str) -> None:
    with world.data():
        account_lock.lock_for(world.user("alice"), actor=TERMINAL, now=world.clock())
        how = {"reason": "called", "checked": CALLED_BACK}
        opening.open_again(world.user("alice"), **how, actor=TERMINAL, now=world.clock())


def never_made(world: World, shown: str) -> None:
    with world.data():
        db.session.query(LinkSecret).delete()


def clock_set_back(world: World, shown: str) -> None:
    world.clock.advance(hours=-1)


@both_databases
@pytest.mark.parametrize(
    "before",
    [used, too_old, replaced, revoked, reset_again, locked_and_opened, never_made, clock_set_back],
)
def test_all_that_end_a_pass_say_the_same(world: World, before: Callable[[World, str], None]) -> None:
    """Attack 114: nobody learns whether there is, or ever was, a pass."""
    reset(world)
    shown = made(world)
    before(world, shown)
    alice = world.password_given("alice")
    page, other = enter(alice, shown), enter(alice, "KM7P 3XQT")
    assert (page.path, page.status) == (PAGE, 400)
    assert REFUSED in page.text
    assert page.text == other.text
    assert world.count(Authenticator) == 0


def test_without_a_pass_as_much_is_hashed_as_with_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack 114: the time of the answer does not tell either."""
    reset(world)
    alice, checked = world.password_given("alice"), []
    verify = link_proofs.hashing.verify
    monkeypatch.setattr(
        link_proofs.hashing, "verify", lambda known, code: checked.append(code) or verify(known, code)
    )
    enter(alice, "KM7P 3XQT")
    made(world)
    enter(alice, "KM7P 3XQT")
    assert checked == ["km7p3xqt"] * 2


@both_databases
def test_guesses_are_counted_with_the_codes_and_stop(world: World) -> None:
    """Attack 114: 36 bits, and fifty guesses in all, with waits between them."""
    reset(world)
    shown, eve = made(world), world.password_given("alice")
    for _ in range(5):
        assert enter(eve, "KM7P 3XQT").status == 400
    assert enter(eve, shown).status == 429
    assert "wrong_codes" in world.mails("alice")
    world.clock.advance(minutes=59)
    with world.data():
        db.session.execute(db.text("UPDATE throttle SET failures = 49 WHERE key LIKE 'code:%'"))
    eve = world.password_given("alice")
    enter(eve, "KM7P 3XQT")
    assert "authenticator_stopped" in world.mails("alice")
    stopped = eve.submit(PAGE, code=shown)
    assert "access passes and codes are no longer accepted" in stopped.text
    assert world.count(LinkSecret) == 1


def test_what_cannot_be_a_pass_is_not_counted(world: World) -> None:
    reset(world)
    alice = world.password_given("alice")
    for typed in ("KM7P 3XQ", "KM7P 3XQT 4", "O0I1 LUVB", "123456"):
        written = changed(world.app, lambda typed=typed: enter(alice, typed))
        assert "An access pass has 8 letters and digits" in alice.page.text
        assert written <= {"auth_session"}, typed


def test_the_alphabet_has_nothing_that_is_taken_for_something_else() -> None:
    assert not set("0o1il2z5s8buv") & set(link_proofs.PASS_ALPHABET)
    assert len(set(link_proofs.PASS_ALPHABET)) == len(link_proofs.PASS_ALPHABET) == 23
    assert 36 < math.log2(23**link_proofs.PASS_CHARACTERS) < 37
    codes = {link_proofs.new_pass() for _ in range(200)}
    assert len(codes) == 200
    assert set("".join(codes)) == set(link_proofs.PASS_ALPHABET)


@pytest.mark.parametrize(("typed", "end"), [("10", 10), ("60", 60), ("480", 480)])
def test_it_works_as_long_as_was_chosen(world: World, typed: str, end: int) -> None:
    reset(world)
    page = make_on_the_page(world, world.at_work("dave"), "alice", minutes=typed)
    shown = SHAPE.search(page.html.select_one(".request-number").text)[0]
    world.clock.advance(minutes=end, seconds=-1)
    alice = world.password_given("alice")
    assert enter(alice, shown).path == "/enrolment"


def test_only_the_choices_are_taken_and_one_hour_is_offered_first(world: World) -> None:
    reset(world)
    dave = world.at_work("dave")
    url = f"/admin/people/{world.id_of('alice')}/access-pass"
    ticked = dave.open(url).html.select("input[type=radio][checked]")
    assert [box["value"] for box in ticked] == ["60"]
    assert "Choose how you checked." in dave.submit(url, minutes="60").text
    assert "Choose how long it works." in dave.submit(url, checked="called back", minutes="99999").text
    assert world.count(LinkSecret) == 0
    with world.data(), pytest.raises(ValueError, match="ten minutes to eight hours"):
        access_passes.make(
            world.user("alice"),
            lifetime=timedelta(hours=9),
            checked=CALLED_BACK,
            actor=TERMINAL,
            now=world.clock(),
        )


@both_databases
def test_nobody_makes_one_for_themselves_their_equals_or_betters(world: World) -> None:
    """Attack 114: dave of the help desk, by the address of the page; dora is another of the help desk."""
    dave = world.at_work("dave")
    world.person("dora", role=Role.HELPDESK)
    world.person("carol")
    with world.data():
        for user in db.session.query(User).where(User.role != Role.STAFF):
            user.link_required = True
    for name in ("dave", "dora", "carol"):
        url = f"/admin/people/{world.id_of(name)}/access-pass"
        assert dave.open(url).status == 403, name
        dave.open("/admin/people")
        assert dave.post(url, checked="called back", minutes="60").status == 403, name
    assert world.count(LinkSecret) == 0


def was_never_reset(world: World) -> None:
    with world.data():
        world.user("alice").link_required = False


def was_reset_when_the_password_was_enough(world: World) -> None:
    with world.data():
        world.user("alice").link_proof = None


def has_linked_meanwhile(world: World) -> None:
    alice = world.password_given("alice")
    enter(alice, made(world))
    phone = world.phone_that_scans(alice.open("/enrolment"))
    assert "You are now logged in" in alice.press("Enable", code=phone.code()).text


def is_exempt(world: World) -> None:
    with world.data():
        until = world.clock() + timedelta(days=3)
        user = world.user("alice")
        overrides.exempt(user, until=until, reason="laboratory", actor=TERMINAL, now=world.clock())


def is_disabled(world: World) -> None:
    with world.data():
        accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())


def has_no_password(world: World) -> None:
    with world.data():
        world.user("alice").password_hash = None


def has_stopped_factors(world: World) -> None:
    with world.data():
        world.user("alice").factors_locked_at = world.clock()


@both_databases
@pytest.mark.parametrize(
    "state",
    [
        was_never_reset,
        was_reset_when_the_password_was_enough,
        has_linked_meanwhile,
        is_exempt,
        is_disabled,
        has_stopped_factors,
    ],
)
def test_none_is_made_for_somebody_who_needs_none(world: World, state: Callable[[World, User], None]) -> None:
    """Attack 114: a pass is for nobody but those whose linking waits for it."""
    reset(world)
    dave = world.at_work("dave")
    state(world)
    url = f"/admin/people/{world.id_of('alice')}"
    assert "Make an access pass" not in dave.open(url).text
    assert (
        "No access pass was made"
        in dave.submit(f"{url}/access-pass", checked="called back", minutes="60").text
    )
    assert world.count(LinkSecret) == 0


def test_those_without_a_pass_see_whom_to_call_and_administrators_their_other_way(world: World) -> None:
    reset(world)
    alice = world.password_given("alice")
    assert "Call the help desk." in alice.page.text
    assert "Use a break-glass code" not in alice.page.text
    world.linked_earlier("carol")
    world.reset("carol")
    carol = world.password_given("carol")
    assert carol.page.path == PAGE
    assert "Use a break-glass code" in carol.page.text
    assert enter(carol, made(world, "carol")).path == "/enrolment"


def test_the_page_of_the_pass_is_for_nobody_else(world: World) -> None:
    world.person("carol")
    with world.data():
        world.user("carol").link_required = False
    carol = world.password_given("carol")
    assert carol.open(PAGE).path == "/login/link-needed"
    assert carol.post(PAGE, code="KM7P 3XQT", follow=True).path == "/login/link-needed"


@both_databases
def test_housekeeping_drops_passes_that_are_too_old(world: World) -> None:
    reset(world)
    made(world)
    world.clock.advance(hours=1)
    with world.data():
        housekeeping.purge_expired(now=world.clock())
    assert world.count(LinkSecret) == 0


def test_an_administrator_who_waits_for_a_pass_is_not_the_last_one_who_can_get_in(world: World) -> None:
    world.linked_earlier("carol")
    world.linked_earlier("anton", role=Role.ADMIN)
    world.reset("anton")
    with world.data(), pytest.raises(LastAdministrator):
        accounts.disable(world.user("carol"), actor=TERMINAL, now=world.clock())


def test_the_pass_stands_in_its_answer_alone(world: World) -> None:
    """Attack 114: not in an address, a cookie, a second look, a log or the trail."""
    reset(world)
    dave = world.at_work("dave")
    page = make_on_the_page(world, dave, "alice")
    shown = SHAPE.search(page.html.select_one(".request-number").text)[0]
    plain = shown.replace(" ", "")
    assert "no-store" in page.response.headers["Cache-Control"]
    assert not [value for value in page.response.headers.values() if shown in value or plain in value]
    assert shown not in dave.open(f"/admin/people/{world.id_of('alice')}").text
    assert shown not in dave.open(page.path).text
    with world.data():
        trail = [str(row.details) for row in db.session.query(AuditEvent)]
    assert not [row for row in trail if shown in row or plain.lower() in row.lower()]


@both_databases
def test_a_right_that_ended_meanwhile_makes_no_pass(world: World) -> None:
    """Attack 114: dave's role is gone, or his session, between the form and the lock."""
    reset(world)
    world.at_work("dave")
    with world.data():
        dave = as_user(VISITOR, world.user("dave"))
    with world.data():
        accounts.change_role(world.user("dave"), Role.STAFF, actor=TERMINAL, now=world.clock())
    with world.data(), pytest.raises(SessionEnded):
        access_passes.make(
            world.user("alice"),
            lifetime=timedelta(hours=1),
            checked=CALLED_BACK,
            actor=dave,
            now=world.clock(),
        )
    assert world.count(LinkSecret) == 0


@both_databases
def test_the_browser_that_waited_enters_the_pass_too(world: World) -> None:
    """Attack 114: the number that was read out is no way round the pass."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    dave, alice = world.at_work("dave"), world.password_given("alice")
    alice.open("/login/lost")
    alice.press("Ask for a reset", lost="lost")
    number = re.search(r"\b\d{3} \d{3}\b", alice.page.text)[0]
    dave.open("/admin/requests")
    dave.press("Open the request", number=number)
    dave.press("Reset 2-factor authentication", checked="called back", reason="lost phone")
    waited = alice.open("/login/waiting")
    assert "now reads out an access pass" in waited.text
    assert alice.press("Continue").path == PAGE
    page = make_on_the_page(world, dave, "alice")
    shown = SHAPE.search(page.html.select_one(".request-number").text)[0]
    assert enter(alice, shown).path == "/enrolment"


def test_after_fifty_wrong_passes_everybody_is_told_that_a_reset_helps(world: World) -> None:
    reset(world)
    dave = world.at_work("dave")
    has_stopped_factors(world)
    page = world.password_given("alice").page
    assert (page.path, page.title) == (PAGE, "2-factor authentication")
    assert "it stays locked until the help desk resets your 2-factor authentication again" in page.text
    assert "reads one out" not in page.text
    assert not page.html.select("main input:not([type=hidden])")
    page = dave.open(f"/admin/people/{world.id_of('alice')}")
    assert "Alice is locked out after too many wrong codes." in page.text
    assert "needs an access pass" not in page.text
    badge = page.html.select_one("section[aria-labelledby=second-factor] .pill")
    assert badge is not None and badge.text.strip() == "Locked"


@both_databases
def test_an_administrator_whose_passes_are_stopped_is_no_other_one(world: World) -> None:
    """Whoever can't link any more doesn't let the last one who can log in go."""
    world.linked_earlier("anton", role=Role.ADMIN)
    world.linked_earlier("carol", role=Role.ADMIN)
    world.reset("anton")
    with world.data():
        world.user("anton").link_proof = None
        world.user("anton").factors_locked_at = world.clock()
    with world.data(), pytest.raises(LastAdministrator):
        accounts.disable(world.user("carol"), actor=TERMINAL, now=world.clock())


@both_databases
def test_a_new_password_ends_a_pass_and_the_form_says_so(world: World) -> None:
    reset(world)
    dave = world.at_work("dave")
    page = dave.open(f"/admin/people/{world.id_of('alice')}/access-pass")
    assert "A new password ends it. If this person needs one, let them choose it first" in page.text
    shown = made(world)
    with world.data():
        change.set_from_terminal(
            world.user("alice"), "quiet walnut over the river 27", actor=TERMINAL, now=world.clock()
        )
    assert world.count(LinkSecret) == 0, shown


def test_who_is_exempt_is_not_told_of_a_pass(world: World) -> None:
    """On the form, on the page and in the email: they need none, and none could be made."""
    world.linked_earlier("alice")
    dave = world.at_work("dave")
    is_exempt(world)
    page = dave.open(f"/admin/people/{world.id_of('alice')}/reset")
    assert "The password stays the same, and is enough while this person is exempt." in page.text
    assert "access pass" not in page.text
    page = dave.press("Reset 2-factor authentication", checked="called back", reason="lost phone")
    assert "reset for Alice, who is exempt and logs in with the password alone." in page.text
    assert "access pass" not in page.text
    world.deliver()
    words = " ".join(world.words_of_last_mail().split())
    assert "While you're exempt, that is enough." in words
    assert "access pass" not in words
    assert world.password_given("alice").page.path == "/"


@pytest.mark.parametrize("before", [is_disabled, has_no_password])
def test_who_cannot_log_in_is_not_told_of_a_pass(world: World, before: Callable[[World], None]) -> None:
    world.linked_earlier("alice")
    dave = world.at_work("dave")
    before(world)
    page = dave.open(f"/admin/people/{world.id_of('alice')}/reset")
    assert "Nobody can log in to this account at the moment." in page.text
    assert "access pass" not in page.text
    page = dave.press("Reset 2-factor authentication", checked="called back", reason="lost phone")
    assert "2-factor authentication reset for Alice." in page.text
    world.deliver()
    words = " ".join(world.words_of_last_mail().split())
    assert "Your 2-factor authentication was reset" in words or "reset your 2-factor" in words
    assert "What to do now" not in words


def test_the_form_the_page_and_the_email_say_what_follows_a_reset(world: World) -> None:
    world.linked_earlier("alice")
    dave = world.at_work("dave")
    page = dave.open(f"/admin/people/{world.id_of('alice')}/reset")
    assert "Before that they need an access pass, which you read out." in page.text
    page = dave.press("Reset 2-factor authentication", checked="called back", reason="lost phone")
    assert "reset for Alice, who needs an access pass to link a new app." in page.text
    first = page.html.select_one(".actions .btn")
    assert first and first.text.strip() == "Make an access pass"
    assert "Nothing to reset" not in page.text
    world.deliver()
    words = " ".join(world.words_of_last_mail().split())
    assert "the help desk reads out an access pass to you" in words
