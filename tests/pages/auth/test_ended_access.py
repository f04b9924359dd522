"""Why a session ended: the next login says it, once, and to nobody who has not given the password."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from mfa_app.core.common.actor import SITE, Actor
from mfa_app.core.helpdesk import opening
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.sessions.revocation import RevocationReason, revoke_access, revoke_access_of_all
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.models import AuthSession, User
from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.passkeys import alone_of_alice, asked_of_anyone
from tests.support.statements import traffic
from tests.support.stories import alice_logged_in, alice_past_both_gates
from tests.support.world import CALLED_BACK, PASSWORD, TERMINAL, VISITOR, WRONG, World

TOLD = re.compile(r"You were logged out because [^.]* at \d\d:\d\d\.( If that wasn't you, [^.]*\.)?")
NEW = "nine loud kettles on the hill"


def told(visitor: Visitor) -> str | None:
    """Return what the page before this browser says about the end of earlier sessions."""
    found = TOLD.search(visitor.current.text)
    return found[0] if found else None


def told_at_login(world: World, visitor: Visitor | None = None) -> str | None:
    return told(world.password_given("alice", visitor))


def revoke(world: World, because: RevocationReason, actor: Actor) -> None:
    with world.data():
        revoke_access(world.user("alice"), because=because, actor=actor)


def person(world: World, name: str) -> Actor:
    with world.data():
        return as_user(VISITOR, world.user(name))


@both_databases
def test_after_a_reset_the_linking_page_says_why_until_the_login_is_complete(world: World) -> None:
    world.clock.moment = world.clock().replace(hour=11, minute=31, second=0)
    alice = world.after(alice_past_both_gates)
    world.clock.advance(minutes=1)
    world.reset("alice")
    world.clock.advance(minutes=5)
    assert "Your session has ended. Log in again." in alice.open("/").text
    said = "You were logged out because an administrator reset your 2-factor authentication at 11:33."
    for visitor in (world.visitor(), alice):
        assert told_at_login(world, visitor) == said
        assert visitor.current.path == "/enrolment"
        assert not TOLD.search(visitor.open("/enrolment").text)
        if visitor is not alice:
            visitor.press("Not you? Log in as someone else")
    world.link_and_wait("alice", alice)
    assert told_at_login(world) is None


def test_it_stands_on_the_code_page_and_not_on_the_next(world: World) -> None:
    alice = world.after(alice_past_both_gates)
    dave = world.at_work("dave")
    dave.open(f"/admin/people/{world.id_of('alice')}")
    dave.press("End all access")
    world.clock.advance(days=1)
    said = told_at_login(world, alice)
    assert said and "because the help desk ended all your sessions on 2 March 2026 at " in said
    assert alice.current.path == "/login/code"
    alice.press("Log in", code=world.phones["alice"].code())
    assert (alice.current.path, told(alice)) == ("/", None)
    world.clock.advance(seconds=30)
    assert told_at_login(world) is None


def test_who_did_it_is_told_by_the_role(world: World) -> None:
    alice = world.after(alice_logged_in)
    world.people("carol", "dave")
    for actor, who in (
        (person(world, "carol"), "an administrator"),
        (person(world, "dave"), "the help desk"),
        (TERMINAL, "an administrator"),
        (SITE, "this site"),
        (VISITOR, "someone with a link from an email to you"),
    ):
        revoke(world, RevocationReason.RESET, actor)
        said = told_at_login(world, alice)
        assert said and said.startswith(f"You were logged out because {who} reset"), who
        assert ("tell the help desk" in said) is (actor is VISITOR)
        assert "carol" not in alice.current.text.lower() and told_at_login(world) is None, who


def test_every_reason_has_a_sentence(world: World) -> None:
    world.after(alice_logged_in)
    for because in RevocationReason:
        revoke(world, because, TERMINAL)
        said = told_at_login(world)
        assert said and said.startswith("You were logged out because an administrator "), because


def change_password(alice: Visitor, world: World) -> None:
    alice.open("/account/password")
    alice.press("Save password", current=PASSWORD, password=NEW)
    alice.press("Log out")


def choose_password_by_link(alice: Visitor, world: World) -> None:
    with world.data():
        token = one_time_links.create(Purpose.PASSWORD_RESET, world.user("alice"), now=world.clock())
    alice.press("Log out")
    alice.open(f"/link/{token}")
    alice.press("Save password", password=NEW)


def log_out_everywhere(alice: Visitor, world: World) -> None:
    alice.open("/account")
    alice.press("Yes, log out everywhere")


def open_again(world: World) -> None:
    with world.data():
        opening.open_again(
            world.user("alice"), reason="asked", checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
        )


def lock(alice: Visitor, world: World) -> None:
    alice.open("/account")
    alice.press("Yes, lock my account")
    open_again(world)


def lock_by_link(alice: Visitor, world: World) -> None:
    with world.data():
        token = one_time_links.create(Purpose.ACCOUNT_LOCK, world.user("alice"), now=world.clock())
    alice.press("Log out")
    alice.open(f"/link/{token}")
    alice.press("Lock my account")
    open_again(world)


def stop_reset_by_link(alice: Visitor, world: World) -> None:
    with world.data():
        token = one_time_links.create(Purpose.STOP_APPROVAL, world.user("alice"), now=world.clock())
    alice.press("Log out")
    alice.open(f"/link/{token}")
    alice.press("Stop this and lock my account")
    open_again(world)


def link(alice: Visitor, world: World) -> None:
    alice.open("/enrolment")
    world.phones["alice"] = world.phone_that_scans(alice.current)
    alice.press("Enable", code=world.phones["alice"].code())
    alice.press("Log out")


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize(
    ("act", "what"),
    [
        (change_password, "you changed your password in another browser"),
        (choose_password_by_link, "someone with a link from an email to you set a new password"),
        (log_out_everywhere, "you logged out everywhere in another browser"),
        (lock, "you locked your account in another browser"),
        (lock_by_link, "someone with a link from an email to you locked your account"),
        (stop_reset_by_link, "someone with a link from an email to you locked your account"),
        (link, "you linked an authentication app in another browser"),
    ],
)
def test_what_its_owner_did_is_told_in_other_browsers_alone(
    world: World, act: Callable[[Visitor, World], object], what: str, here: bool
) -> None:
    alice = world.after(alice_logged_in)
    elsewhere = world.password_given("alice")
    act(alice, world)
    back = alice if here else elsewhere
    back.give_password("alice@example.com", NEW if "password" in act.__name__ else PASSWORD)
    if here:
        assert told(back) is None
        return
    said = told(back) or ""
    assert said.startswith(f"You were logged out because {what} at ")
    assert said.endswith("If that wasn't you, tell the help desk.")


def test_a_later_end_by_somebody_else_is_told_there_too(world: World) -> None:
    alice = world.after(alice_logged_in)
    log_out_everywhere(alice, world)
    world.password_given("alice", alice)
    revoke(world, RevocationReason.ROLE_CHANGED, TERMINAL)
    assert "an administrator changed your role" in (told_at_login(world, alice) or "")


def test_a_session_that_ended_by_its_own_time_has_no_reason(world: World) -> None:
    alice = world.after(alice_logged_in)
    world.clock.advance(minutes=60)
    revoke(world, RevocationReason.RESET, TERMINAL)
    assert world.count(AuthSession) == 0
    assert told_at_login(world, alice) is None


def test_the_change_that_ended_it_is_told_and_not_a_later_one_that_ended_nothing(world: World) -> None:
    alice = world.after(alice_logged_in)
    revoke(world, RevocationReason.RESET, TERMINAL)
    revoke(world, RevocationReason.ROLE_CHANGED, TERMINAL)
    assert "reset your 2-factor authentication" in (told_at_login(world, alice) or "")


@both_databases
def test_the_person_who_acts_has_been_told_what_came_before(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    world.password_given("alice")
    revoke(world, RevocationReason.LOGGED_OUT_EVERYWHERE, TERMINAL)
    alice = world.password_given("alice")
    assert told(alice)
    world.link_and_wait("alice", alice)
    assert told_at_login(world) is None


@pytest.mark.parametrize("column", ["access_ended_because", "access_ended_by"])
def test_what_only_a_newer_version_knows_keeps_nobody_out(world: World, column: str) -> None:
    alice = world.after(alice_logged_in)
    revoke(world, RevocationReason.RESET, TERMINAL)
    with world.data():
        setattr(world.user("alice"), column, "by the moon")
    assert told_at_login(world, alice) is None
    assert alice.current.status == 200 and alice.current.path == "/"


def test_a_passkey_alone_is_told_too(world: World) -> None:
    device = alone_of_alice(world)
    world.log_in_and_wait("alice")
    revoke(world, RevocationReason.LOGGED_OUT_EVERYWHERE, TERMINAL)
    alice = world.visitor()
    for said in ("an administrator ended all your sessions", None):
        alice.open("/login")
        alice.press("Log in with a passkey", credential=device.answer(asked_of_anyone(alice)))
        assert (said in (told(alice) or "")) if said else told(alice) is None
        alice.press("Log out")


def test_without_the_password_nothing_tells_that_there_is_something_to_tell(world: World) -> None:
    world.after(alice_logged_in)
    answers = []
    for happens in (False, True):
        if happens:
            revoke(world, RevocationReason.RESET, TERMINAL)
        eve = world.visitor(address=f"198.51.100.{7 + happens}")
        with traffic(world) as sent:
            page = eve.give_password("alice@example.com", WRONG)
        assert told(eve) is None
        answers.append((page.status, len(page.source), sorted(eve.cookies), list(sent)))
    assert answers[0] == answers[1]


@both_databases
def test_an_import_says_who_disabled_whom_in_sets(world: World) -> None:
    alice = world.after(alice_logged_in)
    world.people("bob", "carol")
    carol = person(world, "carol")
    with world.data():
        whom = select(User.id).where(User.email.in_(["alice@example.com", "bob@example.com"]))
        revoke_access_of_all(whom, because=RevocationReason.DISABLED, actor=carol)
    assert "an administrator disabled your account" in (told_at_login(world, alice) or "")
    assert told(world.password_given("bob")) is None
