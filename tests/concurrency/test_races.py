"""Requests that arrive in one moment at two processes: one code opens one session, and no state is half."""

from collections.abc import Callable

import pytest

from mfa_app.core.factors import passkeys
from mfa_app.core.helpdesk import access_passes
from mfa_app.core.mail import one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.users import accounts
from mfa_app.extensions import db
from mfa_app.models import (
    Authenticator,
    AuthSession,
    BreakGlassCode,
    FormerApp,
    LinkProof,
    LinkSecret,
    Passkey,
    RecoveryCode,
    ResetApproval,
    Role,
    Throttle,
    UsedChallenge,
    User,
)
from tests.support.authenticator import Authenticator as SoftwareAuthenticator
from tests.support.browser import Visitor, attribute
from tests.support.crowds import after_the_password
from tests.support.databases import both_databases
from tests.support.passkeys import add_passkey, asked_to_answer, asked_to_make, passkey_page
from tests.support.served_site import at_once
from tests.support.world import CALLED_BACK, TERMINAL, World

pytestmark = both_databases
MANY, ROUNDS = 20, 2
# The counter of a passkey that several devices share stays at 0: only its challenge tells of an answer's use.
COUNTING = pytest.mark.parametrize("counts", [True, False], ids=["with a counter", "without a counter"])


@pytest.fixture
def world(served_world: World) -> World:
    """A site that two processes serve, with ten threads each."""
    return served_world


def test_of_twenty_posts_of_one_code_one_gets_in(world: World) -> None:
    world.group("Finance", required=True)
    world.linked("alice", groups_=("Finance",))
    browsers = after_the_password(world, ["alice"] * MANY)
    assert browsers[0].page.path == "/login/code"
    code = world.next_code("alice")
    answers = at_once(*[lambda b=browser: b.submit("/login/code", code=code) for browser in browsers])
    assert [answer.path for answer in answers].count("/") == 1
    assert world.count(AuthSession, AuthSession.amr == "pwd otp") == 1
    assert world.events().count("code.accepted") == 1
    assert {answer.status for answer in answers if answer.path != "/"} <= {400, 429}


def test_of_twenty_posts_of_one_recovery_code_one_gets_in(world: World) -> None:
    world.group("Finance", required=True)
    (code, *_others) = world.recovery_codes(world.at_work("alice", groups_=("Finance",)))
    browsers = after_the_password(world, ["alice"] * MANY)
    answers = at_once(*[lambda b=browser: b.submit("/login/code", code=code) for browser in browsers])
    assert [answer.path for answer in answers].count("/account/recovered") == 1
    assert world.events().count("login.completed") == 1
    assert world.count(RecoveryCode, RecoveryCode.used_at.is_not(None)) == 1


def test_of_twenty_posts_of_one_break_glass_code_one_gets_in(world: World) -> None:
    administrators = [f"anton{number}" for number in range(5)]
    world.people(*administrators, role=Role.ADMIN)
    with world.data():
        for name in administrators:
            world.user(name).link_required = False
    code = world.break_glass_codes()[0]
    browsers = after_the_password(world, administrators * (MANY // 5))
    answers = at_once(*[lambda b=browser: b.submit("/login/break-glass", code=code) for browser in browsers])
    assert [answer.path for answer in answers].count("/enrolment") == 1
    assert world.events().count("break_glass.used") == 1
    assert world.count(AuthSession, AuthSession.amr == "pwd link") == 1


def reset_that_leads_to(world: World, proof: LinkProof) -> None:
    """Let alice have been reset, so that linking waits for this."""
    world.linked_earlier("alice")
    world.reset("alice")
    with world.data():
        world.user("alice").link_proof = proof


def test_of_twenty_posts_of_one_access_pass_one_goes_on(world: World) -> None:
    """Attack 114: the person it was read to, and whoever overheard it."""
    reset_that_leads_to(world, LinkProof.ACCESS_PASS)
    with world.data():
        alice, how = world.user("alice"), {"lifetime": access_passes.USUAL, "checked": CALLED_BACK}
        shown = access_passes.make(alice, **how, actor=TERMINAL, now=world.clock()).shown
    browsers = after_the_password(world, ["alice"] * MANY)
    answers = at_once(*[lambda b=browser: b.submit("/login/access-pass", code=shown) for browser in browsers])
    assert [answer.path for answer in answers].count("/enrolment") == 1
    assert world.events().count("linking.permitted") == 1
    assert world.count(AuthSession, AuthSession.amr == "pwd link") == 1
    assert {answer.status for answer in answers if answer.path != "/enrolment"} <= {400, 429, 503}


def test_of_access_passes_made_at_once_one_is_open(world: World) -> None:
    """Attack 114: two helpers press the button in one moment; the later pass ends the other."""
    reset_that_leads_to(world, LinkProof.ACCESS_PASS)
    path = f"/admin/people/{world.id_of('alice')}/access-pass"
    helpers = [world.at_work(name) for name in ("dave", "carol")]
    for helper in helpers:
        helper.open(path)
    fields = {"checked": "in person", "minutes": "60"}
    answers = at_once(*[lambda h=helper: h.submit(path, **fields) for helper in helpers])
    assert [answer.status for answer in answers] == [200, 200]
    assert world.count(LinkSecret) == 1
    assert world.events().count("access_pass.made") == 2


def test_of_codes_by_email_sent_at_once_one_leaves(world: World) -> None:
    """Attack 114: two tabs."""
    reset_that_leads_to(world, LinkProof.EMAIL_CODE)
    tabs = [world.password_given("alice") for _ in range(4)]
    at_once(*[lambda t=tab: t.submit("/login/email-code/send") for tab in tabs])
    assert world.mails("alice").count("email_code") == 1
    assert world.count(LinkSecret) == 1


def test_of_new_break_glass_codes_beside_the_use_of_an_old_one_two_are_left_whole(world: World) -> None:
    carol = world.at_work("carol")
    world.linked_earlier("anton", role=Role.ADMIN)
    code, anton = world.break_glass_codes()[0], world.password_given("anton")
    carol.open("/admin/break-glass")
    at_once(lambda: carol.submit("/admin/break-glass"), lambda: anton.submit("/login/break-glass", code=code))
    assert len(carol.page.html.find_all("code")) == 2
    assert anton.page.path in ("/enrolment", "/login/break-glass")
    assert world.count(BreakGlassCode, BreakGlassCode.used_at.is_(None)) == 2


@COUNTING
def test_of_twenty_posts_of_one_answer_of_a_passkey_one_gets_in(world: World, counts: bool) -> None:
    world.group("Finance", required=True)
    alice, device = world.at_work("alice", groups_=("Finance",)), SoftwareAuthenticator(counts=counts)
    add_passkey(alice, device)
    alice = world.password_given("alice")
    answer = device.answer(asked_to_answer(alice))
    browsers = [alice.copy() for _ in range(MANY)]
    at_once(*[lambda b=browser: b.post("/login/passkey", credential=answer) for browser in browsers])
    assert world.events().count("login.completed") == 1
    assert world.count(AuthSession, AuthSession.amr == "pwd hwk user") == 1
    assert world.count(AuthSession, AuthSession.amr == "pwd hwk otp user") == 1  # linked, and added it
    assert world.count(UsedChallenge) == 2


@COUNTING
def test_of_twenty_posts_of_one_answer_of_a_passkey_alone_one_gets_in(world: World, counts: bool) -> None:
    world.group("Finance", required=True, passkey_alone=True)
    alice, device = world.at_work("alice", groups_=("Finance",)), SoftwareAuthenticator(counts=counts)
    add_passkey(alice, device)
    with world.data():
        answer = device.answer(passkeys.question_to_anyone(now=world.clock()))
    eve = world.visitor()
    eve.open("/login")
    browsers = [eve.copy() for _ in range(MANY)]
    pages = at_once(
        *[lambda b=browser: b.post("/login/passkey-alone", credential=answer) for browser in browsers]
    )
    assert [page.response.location for page in pages].count("/") == 1
    assert world.events().count("login.completed") == 1
    assert world.count(AuthSession, AuthSession.amr == "hwk user") == 1
    assert world.count(UsedChallenge) == 2


def test_of_twenty_posts_of_one_new_passkey_one_is_kept(world: World) -> None:
    world.person("alice")
    alice, device = world.password_given("alice"), SoftwareAuthenticator()
    alice.open("/account")
    answer = device.make(asked_to_make(alice))
    browsers = [alice.copy() for _ in range(MANY)]
    at_once(*[lambda b=browser: b.post("/account/passkeys", credential=answer) for browser in browsers])
    assert (world.count(Passkey), world.events().count("passkey.added")) == (1, 1)


def test_the_last_two_factors_are_not_removed_at_once(world: World) -> None:
    world.group("Finance", required=True)
    alice = world.at_work("alice", groups_=("Finance",))
    add_passkey(alice, SoftwareAuthenticator())
    app, passkey, other = world.app_page("alice"), passkey_page(alice), alice.copy()
    at_once(lambda: alice.submit(f"{app}/remove"), lambda: other.submit(f"{passkey}/remove"))
    assert world.count(Passkey) + world.count(Authenticator) == 1


def test_of_a_new_set_beside_the_use_of_an_old_code_ten_codes_are_left_whole(world: World) -> None:
    world.group("Finance", required=True)
    alice = world.at_work("alice", groups_=("Finance",))
    (code, *_others) = world.recovery_codes(alice)
    elsewhere = world.password_given("alice")
    alice.open("/account/recovery-codes")
    at_once(
        lambda: alice.submit("/account/recovery-codes"), lambda: elsewhere.submit("/login/code", code=code)
    )
    assert "Your recovery codes" in alice.page.title
    assert elsewhere.page.path in ("/account/recovered", "/login/code", "/login")
    assert world.count(RecoveryCode) == 10
    assert world.count(RecoveryCode, RecoveryCode.used_at.is_(None)) == 10


def test_a_code_that_was_refused_as_early_twenty_times_at_once_is_spent(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    browsers = after_the_password(world, ["alice"] * MANY)
    early = world.phones["alice"].code(steps=8)
    answers = at_once(*[lambda b=browser: b.submit("/login/code", code=early) for browser in browsers])
    told = [answer for answer in answers if "4 minutes fast" in answer.text]
    assert 1 <= len(told) <= 5
    world.clock.advance(minutes=4)
    assert "already been used" in world.password_given("alice").press("Log in", code=early).text


def test_of_a_reset_beside_a_wrong_code_the_reset_holds(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice, early = world.password_given("alice"), world.phones["alice"].code(steps=8)
    at_once(lambda: alice.submit("/login/code", code=early), lambda: world.reset("alice"))
    assert (world.count(Authenticator), world.count(FormerApp)) == (0, 1)
    assert world.password_given("alice").page.path == "/enrolment"


def test_of_twenty_wrong_codes_at_most_five_are_looked_at(world: World) -> None:
    world.group("Finance", required=True)
    world.linked("alice", groups_=("Finance",))
    browsers = after_the_password(world, ["alice"] * MANY)
    wrong = world.phones["alice"].wrong_code()
    answers = at_once(*[lambda b=browser: b.submit("/login/code", code=wrong) for browser in browsers])
    assert world.events().count("code.refused") == 5
    assert [answer.status for answer in answers].count(429) == MANY - 5
    with world.data():
        counted = db.session.get_one(Throttle, f"code:{world.user('alice').id}")
        assert counted.failures == 5


def test_of_two_phones_enabled_at_once_one_is_linked(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    alice, eve = world.password_given("alice"), world.password_given("alice")
    codes = [world.phone_that_scans(browser.page).code() for browser in (alice, eve)]
    assert codes[0] != codes[1]
    at_once(
        lambda: alice.submit("/enrolment", code=codes[0]), lambda: eve.submit("/enrolment", code=codes[1])
    )
    assert sorted([alice.open("/").path, eve.open("/").path])[0] == "/"
    assert {alice.page.path, eve.page.path} <= {"/", "/login", "/login/code"}
    assert [alice.page.path, eve.page.path].count("/") == 1
    assert world.count(Authenticator) == 1
    assert world.events().count("authenticator.linked") == 1


def test_two_presses_of_enable_in_one_browser_link_once(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    alice = world.password_given("alice")
    code = world.phone_that_scans(alice.page).code()
    answers = at_once(*[lambda: alice.submit("/enrolment", code=code)] * 4)
    assert {answer.status for answer in answers} <= {200, 400}
    assert world.count(Authenticator) == 1
    assert world.events().count("authenticator.linked") == 1


def test_of_two_apps_removed_at_once_under_a_rule_one_stays(world: World) -> None:
    world.group("Finance", required=True)
    alice = world.at_work("alice", groups_=("Finance",))
    world.clock.advance(seconds=30)
    world.link_another(alice, "Tablet")
    removals = [f"{world.app_page('alice', number)}/remove" for number in (0, 1)]
    alice.open("/account")
    at_once(*[lambda r=removal: alice.submit(r) for removal in removals])
    assert world.count(Authenticator) == 1
    assert world.events().count("authenticator.removed") == 1


def test_a_reset_beside_a_login_leaves_nobody_logged_in(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    for _round in range(ROUNDS):
        alice = world.link("alice")
        alice.submit("/logout")
        world.password_given("alice", alice)
        code = world.next_code("alice")
        at_once(lambda: alice.submit("/login/code", code=code, remember="y"), lambda: world.reset("alice"))  # noqa: B023
        assert alice.open("/").path == "/login"
        assert world.password_given("alice", alice).page.path == "/enrolment"


def test_removing_an_app_beside_a_login_with_it_leaves_nobody_logged_in(world: World) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    dave = world.at_work("dave")
    dave.open("/")
    for round_ in range(ROUNDS):
        alice = world.log_in_and_wait("alice")
        tablet = world.link_another(alice, f"Tablet {round_}")
        alice.submit("/logout")
        world.password_given("alice", alice)
        code, path = tablet.code(), world.removal_page("alice", 1)
        at_once(
            lambda: alice.submit("/login/code", code=code, remember="y"),  # noqa: B023
            lambda: dave.submit(path, checked="called back", reason="tablet lost"),  # noqa: B023
        )
        assert alice.open("/").path == "/login"
        assert world.events().count("second_factor.removed") == round_ + 1
        world.clock.advance(minutes=1)


def test_of_two_factors_removed_at_once_by_owner_and_help_desk_one_stays(world: World) -> None:
    world.group("Finance", required=True)
    alice = world.at_work("alice", groups_=("Finance",))
    world.clock.advance(seconds=30)
    world.link_another(alice, "Tablet")
    dave = world.at_work("dave")
    dave.open("/")
    first, second, own = world.removal_page("alice"), world.removal_page("alice", 1), world.app_page("alice")
    at_once(
        lambda: dave.submit(first, checked="called back", reason="phone lost"),
        lambda: dave.copy().submit(second, checked="called back", reason="tablet lost"),
        lambda: alice.submit(f"{own}/remove"),
    )
    assert world.count(Authenticator, Authenticator.user_id == world.id_of("alice")) == 1


def waiting_for_approval(world: World) -> tuple[str, Visitor, Visitor]:
    """Let dave ask for a second reset of alice, who is linked.

    Return the address of the approval, and the browsers of ben and dora, who may give it.
    """
    world.linked_earlier("alice")
    world.reset("alice")
    world.link("alice")
    ben, dora = (world.at_work(name, role=Role.HELPDESK) for name in ("ben", "dora"))
    dave = world.at_work("dave")
    person = f"/admin/people/{world.id_of('alice')}"
    dave.open(f"{person}/reset")
    assert (
        dave.submit(f"{person}/reset", checked="called back", reason="lost again").path
        == f"{person}/approval"
    )
    return f"{person}/approval", ben, dora


def approves(visitor: Visitor, path: str, shown: str) -> Callable[[], object]:
    return lambda: visitor.submit(path, answer="approve", shown=shown)


def test_of_two_approvals_at_once_one_resets(world: World) -> None:
    path, ben, dora = waiting_for_approval(world)
    shown = attribute(ben.open(path).html.select_one("[name=shown]"), "value")
    dora.open(path)
    at_once(*[approves(helper, path, shown) for helper in (ben, dora, ben.copy(), dora.copy())])
    assert world.events("alice").count("second_factor.reset") == 2  # the earlier one, and this
    assert world.mails("alice").count("reset_second_factor") == 2
    assert world.count(ResetApproval) == 0


def test_an_approval_beside_a_stop_leaves_the_account_locked(world: World) -> None:
    """Whichever comes first: the reset is not done, or it is done and opens nothing."""
    path, _ben, dora = waiting_for_approval(world)
    owner = world.visitor()
    with world.data():
        link = one_time_links.create(Purpose.STOP_APPROVAL, world.user("alice"), now=world.clock())
    owner.open(f"/link/{link}")
    shown = attribute(dora.open(path).html.select_one("[name=shown]"), "value")
    at_once(approves(dora, path, shown), lambda: owner.press("Stop this and lock my account"))
    assert owner.page.title == "Your account is locked"
    assert world.count(User, User.account_locked_at.is_not(None)) == 1
    assert world.count(ResetApproval) == 0
    assert world.password_given("alice").open("/").path == "/login"


def test_a_reset_beside_linking_leaves_both_app_and_session_or_neither(world: World) -> None:
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    alice = world.password_given("alice")
    code = world.phone_that_scans(alice.page).code()
    at_once(lambda: alice.submit("/enrolment", code=code), lambda: world.reset("alice"))
    linked = world.count(Authenticator) == 1
    assert (alice.open("/").path == "/") == linked


def test_disabling_beside_the_password_leaves_nobody_logged_in(world: World) -> None:
    world.person("alice")
    browsers = [world.visitor() for _ in range(4)]
    at_once(
        *[lambda b=browser: world.password_given("alice", b) for browser in browsers],
        lambda: disable(world),
    )
    assert {browser.open("/").path for browser in browsers} == {"/login"}


def test_one_mailed_link_sets_one_password(world: World) -> None:
    world.person("alice")
    with world.data():
        token = one_time_links.create(Purpose.PASSWORD_RESET, world.user("alice"), now=world.clock())
    browsers = [world.visitor() for _ in range(4)]
    assert {browser.open(f"/link/{token}").path for browser in browsers} == {"/password/choose"}
    word = "quiet harbour under a green dawn"
    answers = at_once(
        *[lambda b=browser: b.submit("/password/choose", password=word) for browser in browsers]
    )
    assert sorted(answer.status for answer in answers) == [200, 410, 410, 410]
    assert world.events().count("password.changed") == 1


def disable(world: World) -> None:
    with world.data():
        accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())
