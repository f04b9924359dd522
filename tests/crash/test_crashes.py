"""Killed at any point: what somebody did is done wholly or not at all, and everybody can go on.

Each story notes how far it had come when the process died; and it never goes backwards.
"""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from mfa_app.core.common.tokens import digest
from mfa_app.core.factors import break_glass
from mfa_app.core.helpdesk import access_passes
from mfa_app.core.imports import import_job
from mfa_app.core.keys.vault import Vault
from mfa_app.core.mail import one_time_links as mailed_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.operations import key_rotation, seal_check
from mfa_app.core.operations.seal_check import Seals
from mfa_app.core.passwords import hashing
from mfa_app.core.users import account_lock
from mfa_app.extensions import db
from mfa_app.models import (
    Authenticator,
    AuthSession,
    BreakGlassCode,
    FormerApp,
    Group,
    ImportRow,
    LinkProof,
    LinkSecret,
    OneTimeLink,
    OutboxMail,
    Passkey,
    RecoveryCode,
    RememberedDevice,
    ResetApproval,
    Role,
    Throttle,
    UsedChallenge,
)
from tests.support.authenticator import Authenticator as SoftwareAuthenticator
from tests.support.browser import Visitor
from tests.support.databases import both_databases
from tests.support.deaths import Deaths
from tests.support.passkeys import (
    asked_of_anyone,
    asked_to_answer,
    asked_to_make,
    passkey_page,
    send_passkey,
)
from tests.support.phone import Phone
from tests.support.site_parts import part_of
from tests.support.world import CALLED_BACK, PASSWORD, TERMINAL, World

pytestmark = both_databases
NOTHING, COUNTED, DONE = range(3)
NEW = "nine brass kettles on a cold stove"


def failures(world: World, key: str) -> int:
    """Return how many failures in a row stand in a counter."""
    with world.data():
        counter = db.session.get(Throttle, key)
        return counter.failures if counter else 0


def progress(world: World, event: str, key: str) -> int:
    """Return how far it has come: the event is on the trail, or the try is counted, or nothing."""
    if event in world.events():
        assert failures(world, key) == 0
        return DONE
    return COUNTED if failures(world, key) == 1 else NOTHING


def goes_forward(story: list[int], *stages: int) -> bool:
    """Say whether a story has all its stages, in their order."""
    return story == sorted(story) and set(story) == set(stages)


def gets_in(world: World, name: str) -> bool:
    """Say whether somebody passes both gates with what the person has: password and app."""
    world.clock.advance(minutes=1)
    visitor = world.password_given(name)
    visitor.post("/login/code", code=world.phones[name].code(), follow=True)
    return visitor.open("/").path == "/"


def links(visitor: Visitor, phone: Phone) -> bool:
    """Say whether somebody on the linking page gets in with a code of the app that has read it."""
    visitor.press("Enable", code=phone.code())
    return visitor.open("/").path == "/"


def has_failed(world: World, counter: str, *, times: int) -> None:
    """Let a counter stand where so many failures in a row have brought it, its wait over."""
    moment = world.clock()
    with world.data():
        later = moment + timedelta(days=1)
        db.session.add(Throttle(key=counter, failures=times, next_try_at=moment, forget_at=later))


def links_anew(world: World) -> bool:
    """Say whether alice, who has no app any more, gets in by linking another one."""
    return world.link_and_wait("alice").open("/").path == "/"


def mails_that_leave(world: World, name: str) -> list[str]:
    """Return the mails to somebody once all have left that wait, also those that a dead process had taken."""
    world.clock.advance(minutes=17)
    world.deliver()
    assert world.count(OutboxMail, OutboxMail.sent_at.is_(None)) == 0
    return world.mails(name)


def takes(world: World, password: str, name: str = "alice") -> bool:
    """Say whether this is the person's password."""
    with world.data():
        return hashing.verify(world.user(name).password_hash, password)


def follows_link(world: World, name: str, purpose: Purpose) -> Visitor:
    """Return a browser at the page where the link of a mail leads."""
    with world.data():
        token = mailed_links.create(purpose, world.user(name), now=world.clock())
    visitor = world.visitor()
    assert visitor.open(f"/link/{token}").path in ("/password/choose", "/lock", "/login/stop-approval")
    return visitor


def opens_everything(world: World) -> bool:
    """Say whether the keys at hand open the apps' secrets and the key of the trail."""
    with world.data():
        return seal_check.check(db.session()) == Seals(keys_fit=True)


def under_keys(world: World) -> dict[str, int]:
    """Return how many secrets are sealed under each key."""
    with world.data():
        return key_rotation.keys_in_use()


def test_enable_is_done_wholly_or_not_at_all(world: World, deaths: Deaths) -> None:
    """Not linked: the same QR code counts. Linked: the browser has missed its token, and logs in anew."""
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    alice, story, code_limit = world.password_given("alice"), [], f"linking:{world.id_of('alice')}"
    world.phones["alice"] = phone = world.phone_that_scans(alice.page)
    for browser in deaths.of(alice, "/enrolment", code=phone.code()):
        story.append(progress(world, "authenticator.linked", code_limit))
        done = story[-1] == DONE
        assert world.count(Authenticator) == (1 if done else 0)
        assert world.mails("alice").count("linked") == (1 if done else 0)
        assert browser.open("/").path == ("/login" if done else "/enrolment")
        assert gets_in(world, "alice") if done else links(browser, phone)
        assert world.count(Authenticator) == 1
    assert goes_forward(story, NOTHING, COUNTED, DONE)


def test_another_app_takes_the_place_of_the_old_one_or_the_old_one_stays(
    world: World, deaths: Deaths
) -> None:
    """There is an app at any time, and never two."""
    world.linked_earlier("alice")
    alice, old, story = world.log_in_and_wait("alice"), world.phones["alice"], []
    page = world.replacement_page("alice")
    new = world.phone_that_scans(alice.open(page))
    for browser in deaths.of(alice, page, code=new.code()):
        story.append(world.events().count("authenticator.linked") == 2)
        assert world.count(Authenticator) == 1
        assert world.count(FormerApp) == story[-1]
        world.phones["alice"] = new if story[-1] else old
        assert (browser.open("/").path == "/") != story[-1]
        assert gets_in(world, "alice")
    assert goes_forward(story, False, True)


def test_one_of_two_apps_goes_with_all_other_access_or_stays(world: World, deaths: Deaths) -> None:
    """Each app that is there works, and one is always there."""
    world.linked_earlier("alice")
    alice, story = world.log_in_and_wait("alice"), []
    phones = world.phones["alice"], world.link_another(alice, "Tablet")
    page = f"{world.app_page('alice')}/remove"
    alice.open("/account")
    for browser in deaths.of(alice, page):
        story.append(world.events().count("authenticator.removed") == 1)
        assert world.count(Authenticator) == (1 if story[-1] else 2)
        assert world.count(FormerApp) == story[-1]
        assert world.mails("alice").count("authenticator_removed") == story[-1]
        assert (browser.open("/").path == "/") != story[-1]
        world.phones["alice"] = phones[1] if story[-1] else phones[0]
        assert gets_in(world, "alice")
    assert goes_forward(story, False, True)


def test_a_set_of_recovery_codes_is_whole_or_the_one_before_is(world: World, deaths: Deaths) -> None:
    """Ten codes at any time; the set that was there works until another is there."""
    world.linked_earlier("alice")
    alice, story = world.log_in_and_wait("alice"), []
    (code, *_others) = world.recovery_codes(alice)
    for _browser in deaths.of(alice, "/account/recovery-codes"):
        story.append(world.events().count("recovery_codes.made") == 2)
        assert world.count(RecoveryCode) == 10
        page = world.password_given("alice").submit("/login/code", code=code)
        assert (page.path == "/account/recovered") != story[-1]
    assert goes_forward(story, False, True)


def test_a_recovery_code_opens_a_session_or_still_counts(world: World, deaths: Deaths) -> None:
    """Not accepted: it counts again. Accepted: it is used up, and the owner is told."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    (code, *_others) = world.recovery_codes(world.log_in_and_wait("alice"))
    alice, story = world.password_given("alice"), []
    for _browser in deaths.of(alice, "/login/recovery-code", code=code):
        story.append(world.count(RecoveryCode, RecoveryCode.used_at.is_not(None)) == 1)
        assert world.mails("alice").count("recovery_code_used") == story[-1]
        page = world.password_given("alice").submit("/login/code", code=code)
        assert (page.path == "/account/recovered") != story[-1]
    assert goes_forward(story, False, True)


def test_a_break_glass_code_opens_a_session_or_still_counts(world: World, deaths: Deaths) -> None:
    """Not accepted: it counts, and her app does. Accepted: it is used up, and anton is told."""
    world.linked_earlier("carol")
    world.linked_earlier("anton", role=Role.ADMIN)
    code = world.break_glass_codes()[0]
    carol, story = world.password_given("carol"), []
    for _browser in deaths.of(carol, "/login/break-glass", code=code):
        story.append(world.count(BreakGlassCode, BreakGlassCode.used_at.is_not(None)) == 1)
        assert world.count(Authenticator) == (1 if story[-1] else 2)
        assert world.events().count("break_glass.used") == story[-1]
        assert world.mails("anton").count("break_glass_alarm") == story[-1]
    assert goes_forward(story, False, True)


def test_an_access_pass_leads_on_or_still_counts(world: World, deaths: Deaths) -> None:
    """Not accepted: it is there. Accepted: it is gone, and the trail has it. Another one can be made."""
    world.linked_earlier("alice")
    world.reset("alice")
    with world.data():
        world.user("alice").link_proof = LinkProof.ACCESS_PASS
        how = {"lifetime": access_passes.LONGEST, "checked": CALLED_BACK}
        shown = access_passes.make(world.user("alice"), **how, actor=TERMINAL, now=world.clock()).shown
    alice, story = world.password_given("alice"), []
    for _browser in deaths.of(alice, "/login/access-pass", code=shown):
        story.append(world.count(LinkSecret) == 0)
        assert world.events().count("linking.permitted") == story[-1]
        assert world.methods("alice").count("pwd link") == story[-1]
    assert goes_forward(story, False, True)


def test_new_break_glass_codes_are_whole_or_those_before_are(world: World, deaths: Deaths) -> None:
    """Two codes at any time; those that were there work until others are there."""
    world.linked_earlier("carol")
    code, story = world.break_glass_codes()[0], []
    carol = world.log_in_and_wait("carol")
    for _browser in deaths.of(carol, "/admin/break-glass"):
        story.append(world.events().count("break_glass.made") == 2)
        assert world.count(BreakGlassCode) == 2
        with world.data():
            left = db.session.scalars(select(BreakGlassCode.digest)).all()
        assert (digest(break_glass.read(code)) in left) != story[-1]
    assert goes_forward(story, False, True)


def test_a_passkey_is_added_whole_or_not_at_all(world: World, deaths: Deaths) -> None:
    """Not added: nothing of it is there. Added: it is told by email. The app gets in either way."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice, story, device = world.log_in_and_wait("alice"), [], SoftwareAuthenticator()
    answer = device.make(asked_to_make(alice))
    for _browser in deaths.of(alice, "/account/passkeys", credential=answer):
        story.append(world.count(Passkey) == 1)
        assert (world.count(UsedChallenge) == 1) == story[-1]
        assert (world.mails("alice").count("passkey_added") == 1) == story[-1]
        assert gets_in(world, "alice")
    assert goes_forward(story, False, True)


def test_an_answer_of_a_passkey_opens_a_session_or_counts_still(world: World, deaths: Deaths) -> None:
    """Not accepted: the same answer counts. Accepted: it is used up, and the counter went up."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    device = SoftwareAuthenticator()
    send_passkey(world.log_in_and_wait("alice"), device)
    alice, story = world.password_given("alice"), []
    answer = device.answer(asked_to_answer(alice))
    for browser in deaths.of(alice, "/login/passkey", credential=answer):
        story.append(world.count(Passkey, Passkey.sign_count == 2) == 1)
        assert (world.count(UsedChallenge) == 2) == story[-1]
        browser.submit("/login/passkey", credential=answer)
        assert (browser.open("/").path == "/") != story[-1]
    assert goes_forward(story, False, True)


def test_a_passkey_alone_opens_a_session_or_counts_still(world: World, deaths: Deaths) -> None:
    """Not accepted: the same answer counts. Accepted: it is used up, and another one gets in."""
    world.group("Finance", required=True, passkey_alone=True)
    world.linked_earlier("alice", groups_=("Finance",))
    device, limit = SoftwareAuthenticator(), "address:192.0.2.1"
    send_passkey(world.log_in_and_wait("alice"), device)
    alice, story = world.visitor(), []
    alice.open("/login")
    answer, another = (device.answer(asked_of_anyone(alice)) for _ in range(2))
    for browser in deaths.of(alice, "/login/passkey-alone", credential=answer):
        done = world.details("login.completed")["method"] == "passkey alone"
        story.append(DONE if done else failures(world, limit))
        assert (world.count(UsedChallenge) == 2) == done
        assert world.count(AuthSession, AuthSession.amr == "hwk user") == (1 if done else 0)
        again = browser.copy()
        browser.submit("/login/passkey-alone", credential=answer)
        assert (browser.open("/").path == "/") != done
        again.submit("/login/passkey-alone", credential=another)
        assert again.open("/").path == "/"
    assert goes_forward(story, NOTHING, COUNTED, DONE)


def test_a_passkey_is_removed_whole_or_not_at_all(world: World, deaths: Deaths) -> None:
    """Not removed: the owner can still remove it. Removed: the app is left, and told by email."""
    world.linked_earlier("alice")
    alice, story = world.log_in_and_wait("alice"), []
    send_passkey(alice, SoftwareAuthenticator())
    for _browser in deaths.of(alice, f"{passkey_page(alice)}/remove"):
        story.append(world.count(Passkey) == 0)
        assert (world.mails("alice").count("passkey_removed") == 1) == story[-1]
        assert gets_in(world, "alice")
    assert goes_forward(story, False, True)


def test_a_code_opens_a_session_or_still_counts(world: World, deaths: Deaths) -> None:
    """Not accepted: it counts in the same browser. Accepted: it is burned, and the next one counts."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice, story, limit = world.password_given("alice"), [], f"code:{world.id_of('alice')}"
    code = world.phones["alice"].code()
    for browser in deaths.of(alice, "/login/code", code=code, remember="y"):
        story.append(progress(world, "code.accepted", limit))
        done = story[-1] == DONE
        assert world.count(AuthSession, AuthSession.amr == "pwd otp") == (1 if done else 0)
        assert world.count(RememberedDevice) == (1 if done else 0)
        assert browser.open("/").path == ("/login" if done else "/login/code")
        assert (world.password_given("alice").press("Log in", code=code).path == "/") != done
        assert gets_in(world, "alice")
    assert goes_forward(story, NOTHING, COUNTED, DONE)


def test_a_wrong_code_that_was_counted_stays_counted(world: World, deaths: Deaths) -> None:
    """Counted but not on the trail yet is the one state between; a right code ends the counting as ever."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice, story, limit = world.password_given("alice"), [], f"code:{world.id_of('alice')}"
    for _browser in deaths.of(alice, "/login/code", code=world.phones["alice"].wrong_code()):
        story.append(failures(world, limit) + world.events().count("code.refused"))
        assert gets_in(world, "alice")
        assert failures(world, limit) == 0
    assert goes_forward(story, 0, 1, 2)


def test_a_code_that_was_refused_as_early_is_spent_once_anybody_can_know(
    world: World, deaths: Deaths
) -> None:
    """On the trail and spent in one moment. Before that nobody was told, and the code is good."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    phone, story = world.phones["alice"], []
    early = phone.code(steps=8)
    for _browser in deaths.of(world.password_given("alice"), "/login/code", code=early):
        spent = world.count(Authenticator, Authenticator.spent_step.is_not(None)) == 1
        assert spent == ("code.refused" in world.events())
        story.append(spent)
        world.clock.advance(minutes=4)
        assert (world.password_given("alice").press("Log in", code=early).path == "/") != spent
        assert gets_in(world, "alice")
    assert goes_forward(story, False, True)


def test_starting_over_keeps_the_old_qr_code_and_shows_a_new_one_or_neither(
    world: World, deaths: Deaths
) -> None:
    """There is never a second secret without the first being kept, and one of both can be linked."""
    world.group("Finance", required=True)
    world.person("alice", groups_=("Finance",))
    alice, story = world.password_given("alice"), []
    old = world.phone_that_scans(alice.page)
    world.clock.advance(minutes=1)
    alice.open("/login/again")
    alice.press("Confirm", follow=False, password=PASSWORD)
    alice.open("/login/again")
    for browser in deaths.of(alice, "/enrolment", code=old.code()):
        story.append(world.count(FormerApp) == 1)
        page = browser.open("/enrolment")
        new = world.phone_that_scans(page)
        assert new.secret != old.secret
        assert world.count(FormerApp) == 1
        assert "a QR code that no longer counts" in browser.press("Enable", code=old.code()).text
        assert links(browser, new)
    assert goes_forward(story, False, True)


def test_the_fiftieth_wrong_code_is_the_last_one_also_if_nobody_hears_of_it(
    world: World, deaths: Deaths
) -> None:
    """Where the app was not stopped in time, the counter alone refuses; a reset opens the way again."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    alice, story = world.password_given("alice"), []
    has_failed(world, f"code:{world.id_of('alice')}", times=49)
    for _browser in deaths.of(alice, "/login/code", code=world.phones["alice"].wrong_code()):
        story.append(failures(world, f"code:{world.id_of('alice')}"))
        assert gets_in(world, "alice") == (story[-1] == 49)
        world.reset("alice")
        assert links_anew(world)
    assert goes_forward(story, 49, 50)


def test_a_reset_is_done_wholly_or_not_at_all(world: World, deaths: Deaths) -> None:
    """Not done: app, session and device are as before. Done: all are gone, and the mail about it leaves."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.linked_earlier("dave")
    dave, alice, story = world.log_in_and_wait("dave"), world.log_in_and_wait("alice", remember=True), []
    path = f"/admin/people/{world.id_of('alice')}/reset"
    dave.open(path)
    for _browser in deaths.of(dave, path, checked="called back", reason="Phone lost"):
        done = "second_factor.reset" in world.events("alice")
        story.append(done)
        assert world.count(Authenticator, Authenticator.user_id == world.id_of("alice")) == (0 if done else 1)
        assert world.count(RememberedDevice) == (0 if done else 1)
        assert alice.open("/").path == ("/login" if done else "/")
        assert mails_that_leave(world, "alice").count("reset_second_factor") == (1 if done else 0)
        assert links_anew(world) if done else gets_in(world, "alice")
    assert goes_forward(story, False, True)


def test_one_of_two_apps_is_removed_by_the_help_desk_wholly_or_not_at_all(
    world: World, deaths: Deaths
) -> None:
    """Not done: both apps, session and device stay. Done: the other app gets in, and the mail leaves."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    phone, tablet = world.phones["alice"], world.link_another(world.log_in_and_wait("alice"), "Tablet")
    world.linked_earlier("dave")
    dave, alice, story = world.log_in_and_wait("dave"), world.log_in_and_wait("alice", remember=True), []
    path = world.removal_page("alice")
    dave.open(path)
    for _browser in deaths.of(dave, path, checked="called back", reason="Phone lost"):
        done = "second_factor.removed" in world.events("alice")
        story.append(done)
        assert world.count(Authenticator, Authenticator.user_id == world.id_of("alice")) == (1 if done else 2)
        assert (world.count(FormerApp), world.count(RememberedDevice)) == ((1, 0) if done else (0, 1))
        assert alice.open("/").path == ("/login" if done else "/")
        assert mails_that_leave(world, "alice").count("factor_removed") == (1 if done else 0)
        world.phones["alice"] = tablet if done else phone
        assert gets_in(world, "alice")
    assert goes_forward(story, False, True)


def test_an_account_is_locked_wholly_or_not_at_all(world: World, deaths: Deaths) -> None:
    """Not locked: session and link work. Locked: all access has ended, and the mail about it leaves."""
    world.linked_earlier("alice")
    alice, story = world.log_in_and_wait("alice"), []
    reader = follows_link(world, "alice", Purpose.ACCOUNT_LOCK)
    for browser in deaths.of(reader, "/lock", link=reader.page.value("link")):
        done = "person.locked" in world.events("alice")
        story.append(done)
        assert browser.open("/lock").status == (410 if done else 200)
        assert alice.open("/").path == ("/login" if done else "/")
        assert gets_in(world, "alice") != done
        assert mails_that_leave(world, "alice").count("account_locked") == (1 if done else 0)
    assert goes_forward(story, False, True)


def test_a_reset_that_waits_is_stopped_wholly_or_not_at_all(world: World, deaths: Deaths) -> None:
    """Not stopped: it still waits, and the link works. Stopped: the account is locked, and carol is told."""
    world.linked_earlier("alice")
    world.reset("alice")
    world.link("alice")
    for name in ("carol", "dave"):
        world.linked_earlier(name)
    dave, story = world.log_in_and_wait("dave"), []
    path = f"/admin/people/{world.id_of('alice')}/reset"
    dave.open(path)
    dave.submit(path, checked="called back", reason="lost again")
    reader = follows_link(world, "alice", Purpose.STOP_APPROVAL)
    for browser in deaths.of(reader, "/login/stop-approval", link=reader.page.value("link")):
        done = "reset.approval_stopped" in world.events("alice")
        story.append(done)
        assert browser.open("/login/stop-approval").status == (410 if done else 200)
        assert ("person.locked" in world.events("alice")) == done
        assert world.count(ResetApproval) == (0 if done else 1)
        assert mails_that_leave(world, "carol").count("approval_stopped") == (1 if done else 0)
    assert goes_forward(story, False, True)


def test_an_account_is_opened_again_wholly_or_not_at_all(world: World, deaths: Deaths) -> None:
    """Not opened: nobody gets in. Opened: the owner gets in, and the mail about it leaves."""
    world.linked_earlier("alice")
    world.linked_earlier("dave")
    dave, story = world.log_in_and_wait("dave"), []
    with world.data():
        account_lock.lock_for(world.user("alice"), actor=TERMINAL, now=world.clock())
    path = f"/admin/people/{world.id_of('alice')}/open"
    dave.open(path)
    for _browser in deaths.of(dave, path, checked="called back", reason="Called back"):
        done = "person.opened" in world.events("alice")
        story.append(done)
        assert gets_in(world, "alice") == done
        assert mails_that_leave(world, "alice").count("account_opened") == (1 if done else 0)
    assert goes_forward(story, False, True)


def test_a_password_is_changed_wholly_or_not_at_all(world: World, deaths: Deaths) -> None:
    """Not changed: the old one and all sessions hold. Changed: the new one alone; everybody logs in anew."""
    world.linked_earlier("alice")
    alice, other, story = world.log_in_and_wait("alice"), world.log_in_and_wait("alice"), []
    limit = f"known:{world.id_of('alice')}:session"
    alice.open("/account/password")
    for browser in deaths.of(alice, "/account/password", current=PASSWORD, password=NEW):
        story.append(progress(world, "password.changed", limit))
        done = story[-1] == DONE
        assert other.open("/").path == ("/login" if done else "/")
        assert browser.open("/").path == ("/login" if done else "/")
        assert mails_that_leave(world, "alice").count("password_changed") == (1 if done else 0)
        assert takes(world, NEW if done else PASSWORD)
        assert not takes(world, PASSWORD if done else NEW)
    assert goes_forward(story, NOTHING, COUNTED, DONE)


def test_a_password_is_chosen_by_a_mailed_link_wholly_or_not_at_all(world: World, deaths: Deaths) -> None:
    """Not chosen: password, session and link are as before. Chosen: the new one alone, and no link."""
    world.linked_earlier("alice")
    session, story = world.log_in_and_wait("alice"), []
    alice = follows_link(world, "alice", Purpose.PASSWORD_RESET)
    for browser in deaths.of(alice, "/password/choose", password=NEW, link=alice.page.value("link")):
        done = "password.changed" in world.events("alice")
        story.append(done)
        assert takes(world, NEW if done else PASSWORD)
        assert not takes(world, PASSWORD if done else NEW)
        assert session.open("/").path == ("/login" if done else "/")
        assert world.mails("alice").count("password_changed") == (1 if done else 0)
        assert browser.open("/password/choose").status == (410 if done else 200)
        assert done or browser.press("Save password", password=NEW).path == "/login"
        assert takes(world, NEW)
        assert mails_that_leave(world, "alice").count("password_changed") == 1
    assert goes_forward(story, False, True)


def test_an_invitation_is_accepted_wholly_or_not_at_all(world: World, deaths: Deaths) -> None:
    """Not accepted: no password opens the account, and the link works. Accepted: dora logs in with hers."""
    world.person("dora", password=None)
    dora, story = follows_link(world, "dora", Purpose.INVITATION), []
    for browser in deaths.of(dora, "/password/choose", password=NEW, link=dora.page.value("link")):
        done = takes(world, NEW, "dora")
        story.append(done)
        assert world.count(OneTimeLink) == (0 if done else 1)
        assert ("password.changed" in world.events("dora")) == done
        assert browser.open("/password/choose").status == (410 if done else 200)
        assert ("login.completed" in world.events("dora")) == done
        assert done or browser.press("Save password", password=NEW).path == "/"
        again = world.visitor()
        again.open("/login")
        assert again.press("Log in", email="dora@example.com", password=NEW).path == "/"
    assert goes_forward(story, False, True)


def test_a_rotation_of_the_keys_is_finished_by_the_next_one(world: World, deaths: Deaths) -> None:
    """Wherever it died, all secrets can be opened; after the rotation that finishes it bob gets in."""
    for name in ("alice", "bob"):
        world.linked_earlier(name)
    before, story = under_keys(world), []
    for _death in deaths.of_command("keys", "rotate"):
        story.append(under_keys(world).get(next(iter(before)), 0))
        assert opens_everything(world)
        assert world.app.test_cli_runner().invoke(args=["keys", "rotate"]).exit_code == 0
        assert set(under_keys(world)) == {part_of(world.app, Vault).current} != set(before)
        assert gets_in(world, "bob")
        assert "keys.rotated" in world.events()
    assert story == sorted(story, reverse=True)
    assert {0, before[next(iter(before))]} < set(story)


def test_an_import_is_saved_whole_and_its_invitation_is_sent_once(
    world: World, deaths: Deaths, tmp_path: Path
) -> None:
    """Attack 117: nothing of it is there, or everything; the next job invites who was not invited yet."""
    world.people("carol", "erin")
    file = tmp_path / "people.csv"
    file.write_text("Email,Groups\nnew@firma.nl,Sales\ncarol@example.com,\n")
    story = []
    for _death in deaths.of_command("users", "import", str(file), "--leavers", "--create-groups", "--invite"):
        events = world.events()
        saved = "people.imported" in events
        with world.data():
            assert saved == (world.user("erin").disabled_at is not None)
        assert saved == (world.count(Group) == 1) == (world.count(ImportRow) == 3)
        story.append(saved + events.count("person.invited"))
        if saved:
            with world.data():
                import_job.invite(now=world.clock())
            assert world.events().count("person.invited") == 1
            assert world.count(OutboxMail, OutboxMail.template == "invitation") == 1
    assert goes_forward(story, 0, 1, 2)
