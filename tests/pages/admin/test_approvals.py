"""A risky reset waits for another helper; the person is told by email first, and can stop it."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import delete

from mfa_app.core.helpdesk import opening, scopes
from mfa_app.core.helpdesk.approvals import OPEN_FOR
from mfa_app.core.passwords import change
from mfa_app.core.users import account_lock, accounts
from mfa_app.core.users.accounts import Profile
from mfa_app.extensions import db
from mfa_app.models import Authenticator, OneTimeLink, ResetApproval, Role
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.statements import cost
from tests.support.world import CALLED_BACK, PASSWORD, TERMINAL, World

pytestmark = both_databases

ASK, RESET, APPROVE, REFUSE = (
    "Ask for approval",
    "Reset 2-factor authentication",
    "Approve and reset",
    "Refuse",
)
STOP = "Stop this and lock my account"
QUEUE = "/admin/requests"
WARNING = "Someone asked for a reset with the password of this person, who stopped it by email"
TOO_LATE = "2-factor authentication had been reset by then."
GONE = "Nothing was done: this reset doesn't wait for an approval any more"


def company(world: World) -> None:
    """Carol the administrator, dave and dora of the help desk, and alice, whose app was reset last week."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.reset("alice")
    world.clock.advance(days=7)
    world.link_and_wait("alice").press("Log out")
    for name, role in (("carol", None), ("dave", None), ("dora", Role.HELPDESK)):
        world.linked_earlier(name, **({"role": role} if role else {}))
    world.deliver()


def dave_asks(world: World) -> Visitor:
    """Return the browser of dave, who has asked for a reset of alice."""
    dave = world.log_in_and_wait("dave")
    ask(world, dave)
    return dave


def alice_locks_and_dave_asks(world: World) -> Visitor:
    """Return the same, where alice had locked her account before."""
    with world.data():
        account_lock.lock_for(world.user("alice"), actor=TERMINAL, now=world.clock())
    return dave_asks(world)


@pytest.fixture
def dora(world: World) -> Visitor:
    world.after(company)
    return world.log_in_and_wait("dora")


@pytest.fixture
def dave(world: World, dora: Visitor) -> Visitor:
    return world.log_in_and_wait("dave")


@pytest.fixture
def asker(world: World, dora: Visitor) -> Visitor:
    """The browser of dave, who has asked for a reset of alice."""
    return world.after(dave_asks)


@pytest.fixture
def approver(world: World, dora: Visitor, asker: Visitor) -> Visitor:
    """The browser of dora, who has the page open on which she approves that."""
    dora.open(approval_of(world, "alice"))
    return dora


def form_for(world: World, name: str) -> str:
    return f"/admin/people/{world.id_of(name)}/reset"


def approval_of(world: World, name: str) -> str:
    return f"/admin/people/{world.id_of(name)}/approval"


def ask(world: World, helper: Visitor, name: str = "alice", reason: str = "phone lost again") -> Page:
    """Let a helper send the form for a reset."""
    helper.open(form_for(world, name))
    return helper.press(ASK, reason=reason, checked="called back")


def waits_with_a_number(world: World) -> Visitor:
    """Let alice ask for a reset herself; return the browser that waits."""
    waiting = world.password_given("alice")
    waiting.open("/login/lost")
    assert waiting.press("Ask for a reset", lost="lost").path == "/login/waiting"
    return waiting


def number_on(waiting: Visitor) -> str:
    found = re.search(r"\b\d{3} \d{3}\b", waiting.open("/login/waiting").text)
    assert found, waiting.page.text
    return found[0]


def is_linked(world: World, name: str) -> bool:
    return world.count(Authenticator, Authenticator.user_id == world.id_of(name)) == 1


def test_a_second_reset_waits_and_the_person_is_told_first(world: World, dave: Visitor) -> None:
    """Attack 113: the email is there before the reset is done."""
    page = dave.open(form_for(world, "alice"))
    assert (
        "Another helper has to approve this reset: this person was reset within the last 30 days" in page.text
    )
    page = dave.press(ASK, reason="phone lost again", checked="called back")
    assert page.path == approval_of(world, "alice")
    assert (
        "Another helper has to approve this. No mail server is set up, so tell Alice yourself." in page.text
    )
    assert is_linked(world, "alice")
    assert "second_factor.reset" not in world.events("alice")[-4:]
    assert world.details("reset.approval_asked") == {
        "reason": "phone lost again",
        "checked": "called back",
        "note": None,
        "risks": ["repeated"],
    }
    assert world.mails("alice")[-1] == "approval_asked"
    words = " ".join(world.words_of_last_mail().split())
    assert "dave@example.com wants to reset your 2-factor authentication" in words
    assert "phone lost again" in words and "Stop this" in words
    assert "They noted that they called you back" in words


def test_another_helper_sees_what_was_asked_and_approves(
    world: World, asker: Visitor, approver: Visitor
) -> None:
    page = approver.open(QUEUE)
    assert "Waiting for a second approval" in page.text
    approver.follow("Alice")
    for shown in ("Dave", "phone lost again", "I called back", "reset within the last 30 days", "Finance"):
        assert shown in approver.page.text, shown
    page = approver.press(APPROVE)
    assert "2-factor authentication reset for Alice." in page.text
    assert not is_linked(world, "alice")
    told = world.details("second_factor.reset")
    assert (told["asked_by"], told["approval"]) == ("dave@example.com", None)
    assert world.events("alice").count("second_factor.reset") == 2
    words = " ".join(world.words_of_last_mail().split())
    assert "dave@example.com asked for a reset" in words and "dora@example.com approved it" in words
    assert "dave@example.com noted that they called you back on your number" in words
    assert world.count(ResetApproval) == 0
    assert "dora@example.com has reset" in asker.open(approval_of(world, "alice")).text
    carol = world.log_in_and_wait("carol")
    assert "Asked for by: dave@example.com" in carol.open("/admin/trail").text
    told = (
        "Dora (help desk) approved the reset of Alice that dave@example.com had asked for: phone lost again"
    )
    assert f"{told} (called back on the directory number)" in carol.page.text


def test_the_browser_that_waits_with_a_number_goes_on_after_the_approval(
    world: World, dave: Visitor, dora: Visitor
) -> None:
    waiting = world.after(waits_with_a_number)
    dave.open(QUEUE)
    dave.press("Open the request", number=number_on(waiting))
    dave.press(ASK, checked="called back")
    assert waiting.open("/login/waiting").title == "Call the help desk"
    page = dora.open(approval_of(world, "alice"))
    assert "The request whose number was read out" in page.text
    assert number_on(waiting) not in page.text  # the caller tells it
    dora.press(APPROVE)
    waiting.open("/login/waiting")
    assert waiting.press("Continue").path == "/enrolment"


def test_a_number_that_is_over_meanwhile_is_not_answered(world: World, dave: Visitor, dora: Visitor) -> None:
    """Attack 115: the request with the number was replaced by another one, perhaps by somebody else."""
    waiting = world.after(waits_with_a_number)
    dave.open(QUEUE)
    dave.press("Open the request", number=number_on(waiting))
    dave.press(ASK, checked="called back")
    waits_with_a_number(world)
    dora.open(approval_of(world, "alice"))
    assert "Nothing was reset: this request is not open any more." in dora.press(APPROVE).text
    assert is_linked(world, "alice")


def test_nobody_approves_what_they_asked_for(world: World, asker: Visitor) -> None:
    """Attack 115: by the requester."""
    assert APPROVE not in asker.current.text
    shown = asker.current.value("shown")
    page = asker.submit(approval_of(world, "alice"), answer="approve", shown=shown)
    assert "You asked for this reset, so another helper has to approve it." in page.text
    assert is_linked(world, "alice")


def test_nobody_of_lower_rank_approves_and_not_the_person(world: World, dave: Visitor) -> None:
    """Attack 115: the reset of an administrator, by the help desk or by that administrator."""
    for name in ("erin", "frank"):
        world.linked_earlier(name, role=Role.ADMIN)
    alice, carol, erin, frank = map(world.log_in_and_wait, ("alice", "carol", "erin", "frank"))
    assert "this person is an administrator" in carol.open(form_for(world, "erin")).text
    ask(world, carol, "erin")
    words = " ".join(world.words_of_last_mail().split())
    assert "Call Erin first, on the number in the directory: did they ask for it?" in words
    for visitor in (dave, erin, alice):
        visitor.open("/account")
        assert visitor.post(approval_of(world, "erin"), answer="approve").status == 403
        assert "Erin" not in visitor.open(QUEUE).text or visitor is erin
    assert is_linked(world, "erin")
    assert world.mails("frank")[-1] == "approval_wanted"
    assert "approval_wanted" not in world.mails("erin") + world.mails("carol") + world.mails("dave")
    frank.open(approval_of(world, "erin"))
    frank.press(APPROVE)
    assert not is_linked(world, "erin")


def test_what_was_changed_since_is_not_approved(world: World, asker: Visitor, approver: Visitor) -> None:
    """Attack 115: after the request changed. What is shown then is the new one."""
    ask(world, asker, reason="laptop lost as well")
    page = approver.press(APPROVE)
    assert GONE in page.text
    assert "laptop lost as well" in page.text
    assert is_linked(world, "alice")
    approver.press(APPROVE)
    assert not is_linked(world, "alice")


def test_the_same_again_is_one_request_and_one_email(world: World, asker: Visitor) -> None:
    for _ in range(2):
        assert "Dave has asked for this reset already." in asker.open(form_for(world, "alice")).text
        asker.press(ASK, reason="phone lost again", checked="called back")
    assert world.mails("alice").count("approval_asked") == 1
    assert world.events("alice").count("reset.approval_asked") == 1


def test_it_is_approved_once(world: World, approver: Visitor) -> None:
    """Attack 115: twice."""
    carol = world.log_in_and_wait("carol")
    carol.open(approval_of(world, "alice"))
    carol.press(APPROVE)
    assert GONE in approver.press(APPROVE).text
    assert world.events("alice").count("second_factor.reset") == 2


def test_the_link_stops_it_by_its_button_alone_and_locks_the_account(
    world: World, asker: Visitor, approver: Visitor
) -> None:
    """Attack 113 and 115: without a login, once, not by a GET; no approval after it."""
    link, owner = world.link_in_last_mail(), world.visitor()
    page = owner.open(link)
    assert (page.path, page.title) == ("/login/stop-approval", "Stop the reset and lock your account?")
    assert world.count(ResetApproval) == 1
    assert owner.press(STOP).title == "Your account is locked"
    assert owner.open(link).status == 410
    assert GONE in approver.press(APPROVE).text
    assert is_linked(world, "alice")
    assert world.events("alice")[-2:].count("reset.approval_stopped") == 1
    assert "Alice has stopped it and locked the account." in asker.open(approval_of(world, "alice")).text
    assert world.mails("carol")[-1] == "approval_stopped"
    words = " ".join(world.words_of_last_mail().split())
    assert "alice@example.com says that they never asked" in words
    assert "dave@example.com asked for the reset" in words and "Nothing was reset." in words


def test_stop_this_locks_after_the_approval_too(world: World, asker: Visitor, approver: Visitor) -> None:
    """Who is told too late still keeps the thief out, and the administrators learn that it was too late."""
    link, owner = world.link_in_last_mail(), world.visitor()
    approver.press(APPROVE)
    assert "Nothing has been changed" not in owner.open(link).text
    assert owner.press(STOP).title == "Your account is locked"
    assert world.password_given("alice").page.path == "/login"
    assert TOO_LATE in " ".join(world.words_of_last_mail().split())
    assert "It was too late to stop it" in asker.open(approval_of(world, "alice")).text
    assert world.details("reset.approval_stopped") == {"too_late": True}
    carol = world.log_in_and_wait("carol")
    assert "Alice said too late that the reset wasn't theirs" in carol.open("/admin/trail").text


def test_the_link_of_an_older_request_tells_of_that_one(world: World, approver: Visitor) -> None:
    """Dave's request was approved; dora asks again, and then the person opens the email about dave's."""
    link, owner = world.link_in_last_mail(), world.visitor()
    approver.press(APPROVE)
    world.clock.advance(minutes=1)
    ask(world, approver, reason="phone is new")
    owner.open(link)
    owner.press(STOP)
    words = " ".join(world.words_of_last_mail().split())
    assert "dave@example.com asked for the reset, for this reason: “phone lost again”" in words
    assert TOO_LATE in words


def test_the_link_stops_it_for_an_account_that_is_locked_already(world: World, dora: Visitor) -> None:
    """Attack 115: the account was locked before, so the stop locks nothing; it still ends the approval."""
    world.after(alice_locks_and_dave_asks)
    dora.open(approval_of(world, "alice"))
    owner = world.visitor()
    owner.open(world.link_in_last_mail())
    owner.press(STOP)
    assert world.count(ResetApproval) == 0
    assert GONE in dora.press(APPROVE).text
    assert is_linked(world, "alice")


def test_nothing_is_approved_while_the_owner_has_locked_the_account(world: World, dora: Visitor) -> None:
    """Attack 115: what a person has locked is opened first, in a step of its own."""
    world.after(alice_locks_and_dave_asks)
    dora.open(approval_of(world, "alice"))
    assert "this person has locked the account" in dora.press(APPROVE).text
    assert is_linked(world, "alice")
    with world.data():
        opening.open_again(
            world.user("alice"), reason="found", checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
        )
    dora.press(APPROVE)
    assert not is_linked(world, "alice")


def test_a_stopped_request_ends_the_approval_and_warns_of_the_next_reset(
    world: World, dave: Visitor, dora: Visitor
) -> None:
    """Attack 115: the reset was asked for without the number, and the person stops the request by email."""
    world.after(waits_with_a_number)
    link, owner = world.link_in_last_mail(), world.visitor()
    ask(world, dave)
    dora.open(approval_of(world, "alice"))
    assert WARNING not in dora.page.text
    owner.open(link)
    assert owner.press("Stop the request").title == "The request is stopped"
    assert world.count(ResetApproval) == 0
    page = dora.press(APPROVE)
    assert GONE in page.text and "Alice has stopped the request: it wasn't them." in page.text
    assert is_linked(world, "alice")
    assert WARNING in dave.open(form_for(world, "alice")).text
    ask(world, dave)
    assert WARNING in dora.open(approval_of(world, "alice")).text
    world.clock.advance(hours=4)
    assert WARNING not in world.log_in_and_wait("dave").open(form_for(world, "alice")).text


def disabled(world: World) -> None:
    accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())


def ended(world: World) -> None:
    world.user("alice").ends_at = world.clock()


@pytest.mark.parametrize("close_it", [disabled, ended])
def test_no_reset_of_a_closed_account_waits(
    world: World, asker: Visitor, approver: Visitor, close_it: Callable[[World], None]
) -> None:
    """Attack 115: whoever is disabled can't stop it by the link, so nothing waits."""
    with world.data():
        close_it(world)
    approver.press(APPROVE)
    page = ask(world, asker, reason="lost once more")
    assert "this account is disabled or has ended" in page.text
    assert is_linked(world, "alice")
    assert world.events("alice").count("reset.approval_asked") == 1


def disable(world: World) -> None:
    accounts.disable(world.user("dave"), actor=TERMINAL, now=world.clock())


def demote(world: World) -> None:
    profile = Profile("dave@example.com", "Dave", Role.STAFF)
    accounts.edit(world.user("dave"), profile, actor=TERMINAL, now=world.clock())


def limit(world: World) -> None:
    scopes.limit(world.user("dave"), [], actor=TERMINAL)


@pytest.mark.parametrize("change_it", [disable, demote, limit])
def test_who_asked_must_still_have_the_right(
    world: World, approver: Visitor, change_it: Callable[[World], None]
) -> None:
    """Attack 115: the requester is disabled, loses the role, or the scope, meanwhile."""
    with world.data():
        change_it(world)
    assert (
        "the helper who asked for it may not reset this person any more. Refuse it."
        in approver.press(APPROVE).text
    )
    assert is_linked(world, "alice")


def test_an_approver_who_lost_scope_or_account_approves_nothing(world: World, approver: Visitor) -> None:
    """Attack 115: the approver, while the page is open."""
    carol = world.log_in_and_wait("carol")
    carol.open(approval_of(world, "alice"))
    with world.data():
        scopes.limit(world.user("dora"), [], actor=TERMINAL)
        world.user("carol").disabled_at = world.clock()
    assert approver.press(APPROVE).status == 404
    assert carol.press(APPROVE).path == "/login"
    assert is_linked(world, "alice")


def choose_password(world: World) -> None:
    change.set_from_terminal(world.user("alice"), PASSWORD + " again", actor=TERMINAL, now=world.clock())


def promote(world: World) -> None:
    profile = Profile("alice@example.com", "Alice", Role.ADMIN)
    accounts.edit(world.user("alice"), profile, actor=TERMINAL, now=world.clock())


def wait(world: World) -> None:
    world.clock.advance(seconds=OPEN_FOR.total_seconds())


@pytest.mark.parametrize("change_it", [choose_password, promote, wait])
def test_what_changes_about_the_person_ends_it(
    world: World, asker: Visitor, change_it: Callable[[World], None]
) -> None:
    """Attack 115: a new password, another role, four hours."""
    shown = asker.current.value("shown")
    with world.data():
        change_it(world)
    carol = world.log_in_and_wait("carol")
    assert "Nothing is waiting" in carol.open(approval_of(world, "alice")).text
    assert GONE in carol.submit(approval_of(world, "alice"), answer="approve", shown=shown).text
    assert is_linked(world, "alice")


def test_a_refusal_has_a_reason_for_the_requester(world: World, asker: Visitor, approver: Visitor) -> None:
    page = approver.press(REFUSE)
    assert (page.status, "Use at least 5 characters for the reason." in page.text) == (400, True)
    approver.press(REFUSE, reason="she never called")
    assert world.details("reset.approval_refused") == {
        "reason": "she never called",
        "asked_by": "dave@example.com",
    }
    assert "dora@example.com refused it: she never called" in asker.open(approval_of(world, "alice")).text
    assert is_linked(world, "alice")


def test_of_two_administrators_the_only_other_one_is_never_stuck(world: World, dave: Visitor) -> None:
    """Erin has lost her phone, and carol is the only one left who could approve it."""
    world.linked_earlier("erin", role=Role.ADMIN)
    carol = world.log_in_and_wait("carol")
    carol.open(form_for(world, "erin"))
    page = carol.press(RESET, reason="phone lost", checked="in person")
    assert "2-factor authentication reset for Erin." in page.text
    assert world.details("second_factor.reset")["approval"] == "nobody else"
    assert "nobody else could" in " ".join(world.words_of_last_mail().split())
    assert "Second approval: nobody else could approve it" in carol.open("/admin/trail").text
    told = (
        "Carol (administrator) reset the 2-factor authentication of Erin, and nobody else could approve it: "
    )
    assert f"{told}phone lost (in person: known, or with a badge)" in carol.page.text


def unlink(world: World) -> None:
    db.session.execute(delete(Authenticator).where(Authenticator.user_id == world.user("dora").id))


def scope_elsewhere(world: World) -> None:
    scopes.limit(world.user("dora"), [], actor=TERMINAL)


def close(world: World) -> None:
    accounts.disable(world.user("dora"), actor=TERMINAL, now=world.clock())


@pytest.mark.parametrize("change_it", [unlink, scope_elsewhere, close])
def test_who_could_not_approve_it_is_not_waited_for(
    world: World, dave: Visitor, change_it: Callable[[World], None]
) -> None:
    with world.data():
        change_it(world)
        world.user("carol").disabled_at = world.clock()
    dave.open(form_for(world, "alice"))
    dave.press(RESET, reason="phone lost again", checked="called back")
    assert world.details("second_factor.reset")["approval"] == "nobody else"


def test_a_first_reset_and_one_after_30_days_are_done_at_once(world: World, dave: Visitor) -> None:
    world.linked_earlier("bob", groups_=("Finance",))
    world.clock.advance(days=30)
    dave = world.log_in_and_wait("dave")
    for name in ("bob", "alice"):
        dave.open(form_for(world, name))
        dave.press(RESET, reason="phone lost", checked="called back")
        assert not is_linked(world, name)


def test_the_oldest_comes_first_at_one_statement(world: World, dora: Visitor, dave: Visitor) -> None:
    world.linked_earlier("bob")
    world.reset("bob")
    without = cost(world, dora, QUEUE)
    ask(world, dave)
    world.clock.advance(minutes=1)
    ask(world, dave, "bob")
    assert cost(world, dora, QUEUE) == without
    names = [link.get_text() for link in dora.page.html.select("tbody td:first-child > a")]
    assert names == ["Alice", "Bob"]
    with world.data():
        scopes.limit(world.user("dora"), [], actor=TERMINAL)
    assert "Waiting for a second approval" not in dora.open(QUEUE).text


def test_an_account_that_was_opened_again_is_not_locked_by_an_older_link(
    world: World, asker: Visitor
) -> None:
    older = world.link_in_last_mail()
    with world.data():
        account_lock.lock_for(world.user("alice"), actor=TERMINAL, now=world.clock())
        opening.open_again(
            world.user("alice"), reason="by mistake", checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
        )
    assert world.visitor().open(older).status == 410


def test_an_address_that_changed_ends_the_link_to_the_old_one(world: World, asker: Visitor) -> None:
    link = world.link_in_last_mail()
    with world.data():
        profile = Profile("alicia@example.com", "Alice", Role.STAFF)
        accounts.edit(world.user("alice"), profile, actor=TERMINAL, now=world.clock())
    assert world.visitor().open(link).status == 410
    assert world.count(OneTimeLink, OneTimeLink.purpose == "stop_approval") == 0
