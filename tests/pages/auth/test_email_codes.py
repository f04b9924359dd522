"""A code by email after a reset: sent to whoever has given the password, and then linking."""

import re

import pytest

from mfa_app.core.helpdesk import access_passes
from mfa_app.core.login import link_step
from mfa_app.core.mail import outbox
from mfa_app.core.mail.outbox import WITH_LOCK_LINK, Mail
from mfa_app.core.policy.asked_proof import MailServer
from mfa_app.extensions import db
from mfa_app.models import LinkProof, LinkSecret, Role
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.site_parts import put, set_up_mail_server
from tests.support.tables import changed
from tests.support.world import CALLED_BACK, TERMINAL, World

PAGE = "/login/email-code"
SEND = "Email me a code"
REFUSED = "This code doesn't work."


@pytest.fixture
def alice(world: World) -> Visitor:
    """Alice, whose reset leads to a code by email, after her password."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.reset("alice")
    set_up_mail_server(world.app)
    with world.data():
        world.user("alice").link_proof = LinkProof.EMAIL_CODE
    return world.password_given("alice")


def code_in_mail(world: World) -> str:
    world.deliver()
    found = re.search(r"^(\d{6})$", world.words_of_last_mail(), re.M)
    assert found, world.words_of_last_mail()
    return found[1]


def enter(visitor: Visitor, code: str) -> Page:
    visitor.open(PAGE)
    return visitor.press("Continue", code=code)


def wrong(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_code_is_emailed_and_leads_to_linking_and_in(world: World, alice: Visitor) -> None:
    assert (alice.page.path, alice.page.title) == (PAGE, "Get a code by email")
    assert alice.page.html.select_one("form[data-sends-itself]")
    page = alice.press(SEND)
    assert page.title == "Enter the code from your email"
    assert "alice@example.com" in page.text
    assert world.mails("alice")[-1] == "email_code"
    code = code_in_mail(world)
    assert "This wasn't me: lock my account" in world.words_of_last_mail()
    assert Mail.EMAIL_CODE in WITH_LOCK_LINK
    assert alice.press("Continue", code=f"{code[:3]} {code[3:]}").path == "/enrolment"
    assert alice.open("/account").path == "/enrolment"
    phone = world.phone_that_scans(alice.open("/enrolment"))
    assert "You are now logged in" in alice.press("Enable", code=phone.code()).text
    assert world.count(LinkSecret) == 0
    assert world.details("linking.permitted") == {"proof": "email-code"}
    assert "email_code.sent" in world.events("alice")


def test_nothing_opens_before_the_code(world: World, alice: Visitor) -> None:
    for path in ("/", "/account", "/enrolment", "/account/passkeys", "/login/code", "/login/again"):
        assert alice.open(path).path == PAGE, path
    assert alice.open("/login/link-needed").path == PAGE


def test_the_code_is_kept_as_a_hash_alone(world: World, alice: Visitor) -> None:
    alice.press(SEND)
    code = code_in_mail(world)
    with world.data():
        row = db.session.query(LinkSecret).one()
        assert row.secret_hash.startswith("$argon2id$")
        assert code not in row.secret_hash
    assert "Subject: Your code for" in world.last_mail()


@both_databases
def test_a_code_works_once_for_ten_minutes_and_until_there_is_a_newer_one(
    world: World, alice: Visitor
) -> None:
    alice.press(SEND)
    first = code_in_mail(world)
    world.clock.advance(minutes=1)
    alice.open(PAGE)
    alice.press("Send a new code")
    second = code_in_mail(world)
    if first != second:
        assert REFUSED in enter(alice, first).text
    world.clock.advance(minutes=9, seconds=59)
    other = world.password_given("alice")
    assert enter(alice, second).path == "/enrolment"
    assert (other.open(PAGE).title, world.count(LinkSecret)) == ("Get a code by email", 0)
    other.press(SEND)
    third = code_in_mail(world)
    page = other.open(PAGE)
    world.clock.advance(minutes=10)
    assert REFUSED in other.press("Continue", code=third).text
    assert page.path == PAGE


@both_databases
def test_one_is_sent_a_minute_and_five_an_hour(world: World, alice: Visitor) -> None:
    alice.press(SEND)
    alice.press("Send a new code")
    assert "You can have a new code sent in 60 seconds." in alice.page.text
    for _ in range(4):
        world.clock.advance(minutes=1)
        alice.press("Send a new code")
    assert world.mails("alice").count("email_code") == 5
    world.clock.advance(minutes=11)
    assert alice.open(PAGE).html.select_one("form[data-sends-itself]")
    written = changed(world.app, lambda: alice.press(SEND))
    assert "You can have a new code sent in" in alice.page.text
    assert written <= {"throttle", "auth_session"}
    assert not alice.page.html.select_one("form[data-sends-itself]")
    assert world.mails("alice").count("email_code") == 5


@both_databases
def test_guesses_are_counted_with_the_codes(world: World, alice: Visitor) -> None:
    alice.press(SEND)
    code = code_in_mail(world)
    for typed in ("12345", "1234567", "abcdef"):
        assert "The code in the email has 6 digits." in enter(alice, typed).text
    for _ in range(5):
        assert REFUSED in enter(alice, wrong(code)).text
    assert enter(alice, code).status == 429
    assert "wrong_codes" in world.mails("alice")
    assert world.details("linking.refused") == {"proof": "email-code", "failures": 5}


def test_a_mail_that_waited_too_long_does_not_leave(world: World, alice: Visitor) -> None:
    world.deliver()
    with world.data():
        code = link_step.link_proofs.new_email_code()
        until = (world.clock() + link_step.link_proofs.EMAIL_CODE_LASTS).isoformat()
        user = world.user("alice")
        outbox.enqueue(Mail.EMAIL_CODE, user, now=world.clock(), code=code, until=until)
    world.clock.advance(minutes=10)
    assert world.deliver() == 0


def test_who_waits_for_a_pass_gets_no_code(world: World, alice: Visitor) -> None:
    with world.data():
        world.user("alice").link_proof = LinkProof.ACCESS_PASS
    alice.open(PAGE)
    assert alice.page.path == "/login/access-pass"
    assert alice.post(f"{PAGE}/send").status == 403
    assert alice.post(PAGE, code="123456", follow=True).path == "/login/access-pass"
    assert "email_code" not in world.mails("alice")


def test_an_administrator_who_waits_for_a_code_sees_the_break_glass_way(world: World) -> None:
    world.linked_earlier("carol", role=Role.ADMIN)
    world.reset("carol")
    set_up_mail_server(world.app)
    with world.data():
        world.user("carol").link_proof = LinkProof.EMAIL_CODE
    carol = world.password_given("carol")
    for title in ("Get a code by email", "Enter the code from your email"):
        assert carol.page.title == title
        assert "calls you back on your number in the company directory" in carol.page.text
        assert carol.follow("Use a break-glass code").path == "/login/break-glass"
        carol.open(PAGE)
        carol.press(SEND) if title.startswith("Get") else None


def test_who_is_stopped_gets_no_form_and_no_code(world: World, alice: Visitor) -> None:
    assert "Use a break-glass code" not in alice.page.text
    with world.data():
        world.user("alice").factors_locked_at = world.clock()
    page = alice.open(PAGE)
    assert "access passes and codes are no longer accepted for alice@example.com" in page.text
    assert not page.html.select("form[data-sends-itself], main input:not([type=hidden])")


@both_databases
def test_without_the_mail_server_a_pass_takes_the_place_of_the_code(world: World, alice: Visitor) -> None:
    """Attack 114: the code that was sent before counts no more, and a pass can be made."""
    alice.press(SEND)
    code = code_in_mail(world)
    put(world.app, MailServer(lambda: False))
    assert alice.open(PAGE).path == "/login/access-pass"
    assert alice.post(PAGE, code=code, follow=True).path == "/login/access-pass"
    assert alice.post(f"{PAGE}/send").status == 403
    carol = world.at_work("carol")
    page = carol.open(f"/admin/people/{world.id_of('alice')}")
    assert "linking needs an access pass" in page.text
    primary = page.html.select_one(".actions .btn-primary")
    assert primary is not None and primary.text.strip() == "Make an access pass"
    with world.data():
        how = {"lifetime": access_passes.USUAL, "checked": CALLED_BACK}
        shown = access_passes.make(world.user("alice"), **how, actor=TERMINAL, now=world.clock()).shown
    alice.open(PAGE)
    assert alice.press("Continue", code=shown).path == "/enrolment"


class TestWhatASiteWithoutMailServerDoes:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return {**environment, "MFA_RESET_LEADS_TO": "email-code"}

    def test_its_resets_lead_to_a_pass(self, world: World) -> None:
        world.linked_earlier("bob")
        world.reset("bob")
        assert world.password_given("bob").page.path == "/login/access-pass"
