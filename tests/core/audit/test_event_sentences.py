"""Each event of the trail as a sentence, tried with the rows that the verbs of the site write."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from mfa_app.core.audit import downloads, happenings, search
from mfa_app.core.audit.events import Event
from mfa_app.core.audit.happenings import Happening
from mfa_app.core.audit.search import TrailSearch
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.browsers.known_browsers import BrowserFacts
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.errors import Refusal
from mfa_app.core.factors import (
    break_glass,
    enrolment,
    link_proofs,
    own_factors,
    passkey_setup,
    passkeys,
    recovery_codes,
)
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk import (
    access_passes,
    after_reset,
    approvals,
    opening,
    queue,
    removal,
    requests,
    scopes,
)
from mfa_app.core.helpdesk.caller_check import CallerCheck, Way
from mfa_app.core.helpdesk.reset import reset_second_factor
from mfa_app.core.imports import export, result
from mfa_app.core.login import link_step
from mfa_app.core.login.break_glass_step import open_with_code
from mfa_app.core.mail import failed, one_time_links, trial
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.operations import backup, key_rotation, site_values
from mfa_app.core.passwords import change, hashing, reset_by_mail, reset_requests
from mfa_app.core.policy import overrides, rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.rollout import reminders
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.core.throttling import blocked, counters, limits
from mfa_app.core.users import (
    account_lock,
    accounts,
    enrolment_links,
    first_administrator,
    invitations,
    new_links,
)
from mfa_app.core.users.accounts import Profile
from mfa_app.core.users.filters import UserFilters
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, LinkProof, PeopleImport, Role
from mfa_app.models.row_facts import EventFacts
from mfa_app.settings import Settings
from mfa_app.wording import event_sentences
from mfa_app.wording.event_sentences import sentence
from mfa_app.wording.events import GROUPS, details_in_words
from tests.support.authenticator import Authenticator
from tests.support.imports import started, uploaded
from tests.support.refusals.administration import failed_mail
from tests.support.refusals.helpdesk import waiting_approval
from tests.support.refusals.link_proofs import was_reset
from tests.support.refusals.scene import NEW, become_administrator, fail_but_for_one, link, logged_in
from tests.support.world import PASSWORD, TERMINAL, VISITOR, WRONG, World

BACK, KNOWN = CallerCheck(Way.CALLED_BACK), CallerCheck(Way.ANOTHER, "know the voice")
NO_CALLER = CallerCheck(Way.NO_CALLER)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)


def actor(world: World, name: str) -> Actor:
    return as_user(Actor(ActorKind.VISITOR, ip_address="192.0.2.1", user_agent=CHROME), world.user(name))


def log_in_and_out(world: World) -> None:
    alice = world.visitor(browser=CHROME)
    alice.give_password("nobody@example.com", WRONG)
    alice.give_password("alice@example.com", WRONG)
    alice.give_password("alice@example.com", WRONG)
    alice.give_password("alice@example.com", PASSWORD)
    alice.press("Log in", code=world.phones["alice"].wrong_code())
    alice.press("Log in", code=world.phones["alice"].wrong_code())
    alice.press("Log in", code=world.phones["alice"].code(), remember="y")
    alice.open("/admin/trail")
    alice.open("/account")
    alice.press("Log out")


def guess_too_often(world: World) -> None:
    with world.data():
        fail_but_for_one(world, limits.CODE, world.user("alice").id)
        fail_but_for_one(world, limits.PASSWORD_UNKNOWN_BROWSER, world.user("bob").id)
    world.visitor().give_password("bob@example.com", WRONG)
    world.password_given("alice").press("Log in", code=world.phones["alice"].wrong_code())


def help_on_the_phone(world: World) -> None:
    now, dave = world.clock(), actor(world, "dave")
    token = requests.file(logged_in(world, "alice"), "My phone is lost", actor=actor(world, "alice"), now=now)
    with suppress(Refusal):
        queue.find_caller("000000", actor=dave, now=now)
    request = requests.find_open(world.user("alice"), now=now)
    assert request
    queue.find_caller(request.number, actor=dave, now=now)
    reset_second_factor(
        world.user("alice"), reason="lost", checked=BACK, request_id=request.id, actor=dave, now=now
    )
    after_reset.go_on(token, replaces=None, actor=VISITOR, now=now)
    requests.file(logged_in(world, "bob"), "My phone is lost", actor=actor(world, "bob"), now=now)
    requests.stop_by_link(link(world, Purpose.STOP_RESET, "bob"), world.user("bob"), actor=VISITOR, now=now)
    reset_requests.request_reset("bob@example.com", browser=BrowserFacts(), actor=VISITOR, now=now)
    reset_requests.answer_requests(now=now)
    counters.charge(limits.CODE, world.user("bob").id, now=now)
    blocked.unblock(world.user("bob"), actor=dave)
    account_lock.lock_own(logged_in(world, "bob"), actor=actor(world, "bob"), now=now)
    opening.open_again(world.user("bob"), reason="found", checked=KNOWN, actor=dave, now=now)
    account_lock.lock_for(world.user("bob"), actor=TERMINAL, now=now)


SECRETS = {LinkProof.ACCESS_PASS: ("KM7P 3XQT", "KM7P 3XQK"), LinkProof.EMAIL_CODE: ("123 456", "654 321")}


def passes_and_codes(world: World) -> None:
    now, dave = world.clock(), actor(world, "dave")
    for (proof, (right, wrong)), name in zip(SECRETS.items(), ("erin", "eve"), strict=True):
        was_reset(world, name, proof)
        identity, person = logged_in(world, name), actor(world, name)
        if proof is LinkProof.ACCESS_PASS:
            hour = timedelta(hours=1)
            access_passes.make(world.user(name), lifetime=hour, checked=BACK, actor=dave, now=now)
        else:
            link_step.send_code(identity, actor=person, now=now)
        hashed = hashing.hash_password(link_proofs.read(proof, right))
        link_proofs.replace(world.user(name), proof, hashed, lifetime=timedelta(hours=1), now=now)
        with suppress(Refusal):
            link_step.open_with(identity, proof, wrong, actor=person, now=now)
        link_step.open_with(identity, proof, right, actor=person, now=now)
        db.session.commit()


def second_helpers(world: World) -> None:
    approval = waiting_approval(world)
    now, dora = world.clock(), actor(world, "dora")
    approvals.refuse(approval.user, approval.id, reason="ask again", actor=dora, now=now)
    approval.again()
    stop = link(world, Purpose.STOP_APPROVAL, "erin")
    approvals.stop_by_link(stop, world.user("erin"), actor=VISITOR, now=now)


def apps_and_passkeys(world: World) -> None:
    now = world.clock()
    alice = actor(world, "alice")
    identity = logged_in(world, "alice", with_code=True)
    own_factors.opt_in(identity, actor=alice)
    recovery_codes.make_set(identity, actor=alice, now=now)
    (app,) = identity.subject.authenticators
    enrolment.rename(identity, app.id, "Phone", actor=alice)
    answer = Authenticator().make(passkey_setup.begin(identity, now=now))
    passkey_setup.register(identity, answer, actor=alice, now=now)
    identity = logged_in(world, "alice", with_code=True)
    (passkey,) = passkeys.of_user(identity.user)
    passkey_setup.rename(identity, passkey.id, "Key", actor=alice)
    passkey_setup.remove(identity, passkey.id, actor=alice, now=now)
    identity = logged_in(world, "alice", with_code=True)
    answer = Authenticator().make(passkey_setup.begin(identity, now=now))
    passkey_setup.register(identity, answer, actor=alice, now=now)
    carol = actor(world, "carol")
    removal.remove_factor(world.user("alice"), app.id, reason="sold", checked=BACK, actor=carol, now=now)
    account_lock.lock_for(world.user("alice"), actor=TERMINAL, now=now)
    opening.open_again(world.user("alice"), reason="safe", checked=NO_CALLER, actor=TERMINAL, now=now)
    identity = logged_in(world, "bob", with_code=True)
    secret = enrolment.begin(identity, now=now).secret
    enrolment.confirm(identity, pyotp.TOTP(secret).at(now), name="Phone", actor=actor(world, "bob"), now=now)
    identity = logged_in(world, "bob", with_code=True)
    (app,) = identity.subject.authenticators
    enrolment.remove(identity, app.id, actor=actor(world, "bob"), now=now)


def accounts_of_people(world: World) -> None:
    now, carol = world.clock(), actor(world, "carol")
    finance = world.group_row("Finance")
    dora = accounts.create(
        Profile("dora@example.com", "Dora"), groups=[finance], password=None, actor=carol, now=now
    )
    accounts.change_role(dora, Role.HELPDESK, actor=carol, now=now)
    scopes.limit(dora, [finance], actor=carol)
    accounts.change_role(dora, Role.STAFF, actor=carol, now=now)
    invitations.invite(dora, actor=carol, now=now - timedelta(days=8))
    new_links.ask(invitations.invite(dora, actor=carol, now=now - timedelta(days=8)), actor=VISITOR, now=now)
    one_time_links.note_shown(dora, actor=carol)
    reset_by_mail.choose_password(
        link(world, Purpose.PASSWORD_RESET, "dora"), dora, NEW, actor=VISITOR, now=now
    )
    accounts.change_role(dora, Role.HELPDESK, actor=carol, now=now)
    enrolment_links.mail_to(dora, actor=carol, now=now)
    accounts.change_role(dora, Role.STAFF, actor=carol, now=now)
    change.set_from_terminal(dora, NEW + "!", actor=TERMINAL, now=now)
    overrides.set_requirement(dora, True, actor=carol, now=now)
    overrides.set_requirement(dora, False, actor=carol, now=now)
    accounts.disable(dora, actor=carol, now=now)
    accounts.enable(dora, actor=carol, now=now)
    overrides.exempt(dora, until=now + timedelta(days=3), reason="broken phone", actor=carol, now=now)
    overrides.end_exemption(dora, actor=carol, now=now)
    overrides.set_deadline(dora, now.date() + timedelta(days=3), actor=carol, now=now)
    overrides.set_deadline(dora, None, actor=carol, now=now)
    remembered_devices.remember(dora, days=1, actor=actor(world, "dora"), now=now)
    remembered_devices.forget(dora, actor=carol)


def groups_and_rules(world: World) -> None:
    now, carol = world.clock(), actor(world, "carol")
    group = groups.create("Sales", actor=carol, now=now)
    groups.add_member(group, world.user("bob"), actor=carol, now=now)
    groups.add_member(group, world.user("carol"), actor=carol, now=now)
    groups.remove_member(group, world.user("carol"), actor=carol)
    rules.set_rule(group, RuleValues(required=True, grace_days=7), actor=carol, now=now)
    reminders.remind([world.user("bob")], actor=carol, now=now)
    reminders.remind_all(None, actor=carol, now=now + timedelta(days=2))
    reminders.remind_all(group, actor=carol, now=now + timedelta(days=4))
    groups.remove_member(group, world.user("bob"), actor=carol)
    groups.rename(group, "Sellers", actor=carol)
    groups.remove(group, actor=carol)
    rules.set_rule(None, RuleValues(required=True), actor=carol, now=now)


def the_site(world: World) -> None:
    now, carol = world.clock(), actor(world, "carol")
    site_values.change({"help_email": "help@example.com"}, actor=carol)
    trial.send(world.user("carol"), actor=carol, now=now)
    failed.try_again(failed_mail(world, "bob"), actor=carol, now=now)
    failed_mail(world, "alice")
    failed.try_all_again(actor=carol, now=now)
    blocked.unblock_network("192.0.2.1", actor=carol)
    counters.charge(limits.PASSWORD_NETWORK, "192.0.2.1", now=now)
    blocked.unblock_network("192.0.2.1", actor=carol)
    started(world, uploaded(world, "Email,Name\nnew@example.com,New\n"))
    export.export(UserFilters(), actor=carol, now=now)
    downloads.note(downloads.List.TO_LINK, "", actor=carol)
    kept = db.session.scalars(select(PeopleImport)).one()
    result.download(kept, (), lambda row: (), actor=carol)
    search.export(TrailSearch(event=Event.USER_CREATED), actor=carol)


def break_the_glass(world: World) -> None:
    now = world.clock()
    break_glass.make_set(actor=TERMINAL, now=now)
    code, _other = break_glass.make_set(actor=TERMINAL, now=now)
    identity = logged_in(world, "carol")
    with suppress(Refusal):
        open_with_code(identity, "aaaa-bbbb-cccc-dddd-eeee-ffff", actor=actor(world, "carol"), now=now)
    open_with_code(identity, code, actor=actor(world, "carol"), now=now)


def keys_and_backups(world: World) -> None:
    settings: Settings = world.app.config["SETTINGS"]
    file = settings.instance_path / "monday.backup"
    key_rotation.rotate_data_keys(settings, actor=TERMINAL, report=lambda done, total: None)
    key_rotation.replace_signing_key(settings, actor=TERMINAL)
    backup.make(file, actor=TERMINAL)
    backup.finish_restore(Path("monday.dump"), settings=settings, actor=TERMINAL, now=world.clock())


def set_up(world: World) -> None:
    first_administrator.create_setup_link(actor=TERMINAL, now=world.clock())
    become_administrator(world, link(world, Purpose.SETUP), "eve@example.com")


def company(world: World) -> None:
    """Make Anna de Wit of Finance, who has an app, Bob, Carol the administrator and Dave of the help desk."""
    world.group("Finance", required=True)
    world.linked_earlier("alice", groups_=("Finance",))
    world.linked_earlier("carol")
    world.linked_earlier("dave")
    world.person("bob")
    world.rename("alice", "Anna de Wit")


def told(world: World, after: int = 0) -> list[str]:
    """Return each row of the trail after so many, oldest first: its event and its sentence."""
    found = happenings.with_people().where(AuditEvent.id > after).order_by(AuditEvent.id)
    with world.data():
        return [f"{one.row.event}: {sentence(one)}" for one in happenings.read(found)]


def lived(world: World, story: Callable[[World], None]) -> list[str]:
    """Let a story happen; return what it leaves on the trail."""
    if story is not set_up:
        company(world)
    before = len(world.events())
    if story in (log_in_and_out, guess_too_often):
        story(world)
    else:
        with world.data():
            story(world)
    return told(world, before)


STORIES: dict[Callable[[World], None], str] = {
    log_in_and_out: """
        password.refused: Someone tried to log in with an email address that has no account
        password.refused: Someone gave a wrong password for Anna de Wit
        password.refused: Someone gave a wrong password for Anna de Wit (2 in a row)
        password.accepted: Anna de Wit gave the right password
        code.refused: Anna de Wit gave a wrong code
        code.refused: Anna de Wit gave a wrong code (2 in a row)
        code.accepted: Anna de Wit gave a right code
        login.completed: Anna de Wit logged in with a code from Chrome on Windows
        device.trusted: Anna de Wit let the site remember Chrome on Windows for 30 days
        access.refused: Anna de Wit tried to open a page that their role does not allow (trail)
        login.ended: Anna de Wit logged out
    """,
    guess_too_often: """
        password.refused: Someone gave a wrong password for Bob (100 in a row)
        password.closed: The password of Bob was locked for unknown browsers after 100 wrong ones
        password.accepted: Anna de Wit gave the right password
        code.refused: Anna de Wit gave a wrong code (50 in a row)
        authenticator.stopped: The codes and passkeys of Anna de Wit were locked after 50 wrong ones
    """,
    help_on_the_phone: """
        reset.requested: Anna de Wit asked the help desk for a reset: My phone is lost
        reset.number_refused: Dave (help desk) typed a number that no open request has
        reset.number_given: Dave (help desk) typed the number that Anna de Wit read out
        second_factor.reset: Dave (help desk) reset the 2-factor authentication of Anna de Wit: lost
            (called back on the directory number)
        sessions.ended: Dave (help desk) ended 1 session of Anna de Wit (2-factor authentication reset)
        links.ended: Dave (help desk) ended 1 one-time link of Anna de Wit (2-factor authentication reset)
        reset.followed: Anna de Wit went on after the reset, in the browser that had asked for it
        reset.requested: Bob asked the help desk for a reset: My phone is lost
        reset.request_stopped: Bob stopped their request for a reset, with the link in the email
        password.reset_requested: Someone asked for a link to choose a new password for Bob
        throttle.cleared: Dave (help desk) let Bob try again at once
        person.locked: Bob locked their account
        sessions.ended: 2 sessions of Bob ended (account locked by its owner)
        links.ended: 2 one-time links of Bob ended (account locked by its owner)
        person.opened: Dave (help desk) opened the account of Bob again: found (another way: know the voice)
        links.ended: Dave (help desk) ended 1 one-time link of Bob (account opened again)
        person.locked: The terminal (tests) locked the account of Bob
    """,
    passes_and_codes: """
        person.created: The terminal (tests) created the account of Erin
        access_pass.made: Dave (help desk) made an access pass for Erin, for 60 minutes
            (called back on the directory number)
        linking.refused: Erin gave a wrong access pass
        linking.permitted: Erin gave the right access pass and may link after the reset
        person.created: The terminal (tests) created the account of Eve
        email_code.sent: Eve had a code sent by email, to link after the reset
        linking.refused: Eve gave a wrong code by email
        linking.permitted: Eve gave the right code by email and may link after the reset
    """,
    second_helpers: """
        person.created: The terminal (tests) created the account of Erin
        authenticator.linked: Erin linked an app
        second_factor.reset: The terminal (tests) reset the 2-factor authentication of Erin: lost phone
            (called back on the directory number)
        person.created: The terminal (tests) created the account of Ben, as help desk
        authenticator.linked: Ben linked an app
        person.created: The terminal (tests) created the account of Dora, as help desk
        authenticator.linked: Dora linked an app
        reset.requested: Someone asked the help desk for a reset: My phone is lost
        reset.approval_asked: Ben (help desk) asked another helper to approve a reset of Erin: lost again
            (called back on the directory number)
        reset.approval_refused: Dora
            (help desk) refused the reset of Erin that ben@example.com had asked for: ask again
        reset.approval_asked: Ben (help desk) asked another helper to approve a reset of Erin: lost again
            (called back on the directory number)
        person.locked: Erin locked their account, with the link in an email
        sessions.ended: Someone ended 1 session of Erin (account locked by its owner)
        links.ended: Someone ended 1 one-time link of Erin (account locked by its owner)
        reset.approval_stopped: Erin stopped the reset, with the link in the email
    """,
    apps_and_passkeys: """
        authenticator.kept_by_choice: Anna de Wit chose to keep 2-factor authentication
        recovery_codes.made: Anna de Wit made recovery codes
        authenticator.renamed: Anna de Wit named an app “Phone”
        passkey.added: Anna de Wit added the passkey “Passkey”
        passkey.renamed: Anna de Wit renamed a passkey from “Passkey” to “Key”
        sessions.ended: 1 session of Anna de Wit ended (passkey removed)
        passkey.removed: Anna de Wit removed the passkey “Key” from their account
        sessions.ended: 1 session of Anna de Wit ended (passkey added)
        passkey.added: Anna de Wit added the passkey “Passkey”
        second_factor.removed: Carol (administrator) removed the authentication app “Phone” of
            Anna de Wit: sold (called back on the directory number)
        sessions.ended: Carol (administrator) ended 1 session of Anna de Wit (app removed)
        person.locked: The terminal (tests) locked the account of Anna de Wit
        person.opened: The terminal (tests) opened the account of Anna de Wit again: safe
        links.ended: The terminal (tests) ended 6 one-time links of Anna de Wit (account opened again)
        authenticator.linked: Bob linked the app “Phone”
        sessions.ended: 1 session of Bob ended (app removed)
        authenticator.removed: Bob removed the app “Phone” from their account
    """,
    accounts_of_people: """
        person.created: Carol (administrator) created the account of Dora
        person.edited: Carol (administrator) changed the account of Dora (Role: Staff → Help desk)
        person.invited: Carol (administrator) invited Dora
        person.help_limited: Carol (administrator) changed whom Dora helps (Helps: everyone → Finance)
        person.edited: Carol (administrator) changed the account of Dora (Role: Help desk → Staff)
        links.ended: Carol (administrator) ended 1 one-time link of Dora (role changed)
        person.invited: Carol (administrator) invited Dora
        links.ended: Carol (administrator) ended 1 one-time link of Dora (replaced by a newer one)
        person.invited: Carol (administrator) invited Dora
        person.new_link_wanted: Dora asked for a new invitation
        person.link_shown: Carol (administrator) was shown a one-time link of Dora, to be passed on
        password.changed: Dora chose a new password with a link
        links.ended: Someone ended 1 one-time link of Dora (password changed)
        person.edited: Carol (administrator) changed the account of Dora (Role: Staff → Help desk)
        person.enrolment_link_sent: Carol (administrator) sent Dora a link for setting up an app or passkey
        links.ended: Carol (administrator) ended 1 one-time link of Dora (replaced by a newer one)
        person.enrolment_link_sent: Carol (administrator) sent Dora a link for setting up an app or passkey
        person.edited: Carol (administrator) changed the account of Dora (Role: Help desk → Staff)
        links.ended: Carol (administrator) ended 1 one-time link of Dora (role changed)
        password.changed: The terminal (tests) set a new password for Dora
        person.requirement_changed: Carol (administrator) made 2-factor authentication required for Dora
        person.requirement_changed: Carol (administrator) lifted the personal requirement of Dora
        person.disabled: Carol (administrator) disabled the account of Dora
        person.enabled: Carol (administrator) enabled the account of Dora
        person.exempted: Carol (administrator) exempted Dora from 2-factor authentication until 5
            Mar 2026: broken phone
        person.exemption_ended: Carol (administrator) ended the exemption of Dora
        person.deadline_set: Carol (administrator) gave Dora until 5 Mar 2026 to set up 2-factor
            authentication
        person.deadline_ended: Carol (administrator) ended the deadline of Dora
        device.trusted: Dora let the site remember Chrome on Windows for 1 day
        devices.forgotten: Carol (administrator) removed 1 remembered device of Dora (removed by hand)
    """,
    groups_and_rules: """
        group.created: Carol (administrator) created the group Sales
        group.member_added: Carol (administrator) added Bob to Sales
        group.member_added: Carol joined Sales
        group.member_removed: Carol left Sales
        policy.changed: Carol (administrator) changed the rule for Sales (Grace period (days): 0 →
            7, Required: no → yes)
        person.reminded: Carol (administrator) reminded Bob to link an app
        group.reminded: Carol (administrator) reminded everyone who must still link an app
        group.reminded: Carol (administrator) reminded everyone in Sales who must still link an app
        group.member_removed: Carol (administrator) removed Bob from Sales
        group.renamed: Carol (administrator) renamed the group Sales to Sellers
        group.deleted: Carol (administrator) deleted the group Sellers
        policy.changed: Carol (administrator) changed the rule for everyone (Required: no → yes)
    """,
    the_site: """
        site.changed: Carol (administrator) changed the site (Email address of the help desk: none
            → help@example.com)
        site.test_mail_sent: Carol (administrator) sent themselves a test email
        mails.tried_again: Carol (administrator) tried 1 failed email to Bob again
        mails.tried_again: Carol (administrator) tried 1 failed email again
        throttle.network_cleared: Carol (administrator) let the network 192.0.2.1 try again at once
        person.created: Carol (administrator) created the account of New
        people.imported: Carol (administrator) imported people: 1 added, 0 changed, 0 disabled, 0 left out
        people.exported: Carol (administrator) downloaded the list of people (5 people)
        list.downloaded: Carol (administrator) downloaded a list of names: who must still link (everyone)
        people.import_result_exported: Carol (administrator) downloaded the result of the import of people.csv
        trail.exported: Carol (administrator) downloaded the audit trail (5 events)
    """,
    break_the_glass: """
        break_glass.made: The terminal (tests) made break-glass codes
        break_glass.made: The terminal (tests) made new break-glass codes in place of earlier ones
        break_glass.refused: Carol gave a wrong break-glass code
        break_glass.used: Carol used a break-glass code (1 is left)
    """,
    keys_and_backups: """
        keys.rotated: The terminal (tests) rotated the keys (4 secrets re-encrypted)
        keys.signing_replaced: The terminal (tests) replaced the key that signs cookies
        backup.made: The terminal (tests) made a backup (monday.backup)
        backup.restored: The terminal (tests) restored a backup (monday.dump)
    """,
    set_up: """
        setup.link_made: The terminal (tests) created the set-up link for the first administrator
        links.ended: The site ended 1 set-up link (replaced by a newer one)
        person.created: Someone with the set-up link created the account of Eve, as administrator
    """,
}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_the_trail_tells_what_happened_in_sentences(world: World, story: Callable[[World], None]) -> None:
    assert [re.sub(r"\(/\S*/", "(", line) for line in lived(world, story)] == lines_of(STORIES[story])


def lines_of(text: str) -> list[str]:
    """Return the lines of a text; one that is further to the right goes on with the one before."""
    return [line.strip() for line in text.replace("\n" + 12 * " ", " ").strip().splitlines()]


def test_each_event_has_a_sentence_that_is_tried_above() -> None:
    labels = {event.label for event in Event}
    assert {event.label for event in event_sentences.SENTENCES} == labels
    assert {line.partition(": ")[0] for text in STORIES.values() for line in lines_of(text)} == labels


def test_each_event_has_one_place_in_the_menu() -> None:
    places = [event for events in GROUPS.values() for event in events]
    assert sorted(event.label for event in places) == sorted(event.label for event in Event)


ODD = (None, "", "x", 7, -1, True, [], ["x"], {}, {"x": 1}, 1.5)


def test_no_row_is_too_odd_for_a_sentence(world: World) -> None:
    """Rows of older and newer versions have other details, and events that this version doesn't know."""
    with world.app.test_request_context():
        for label, details in odd_rows():
            for kind in (*ActorKind, "robot"):
                row = EventFacts(world.clock(), label, kind, None, "", None, "", "", "", details)
                assert sentence(Happening(row))
            assert list(details_in_words(label, details)) is not None


def odd_rows() -> Iterator[tuple[str, dict[str, Any]]]:
    for event in Event:
        yield event.label, {}
        yield event.label, {"before": {"role": 7, "until": "x"}, "after": {"until": []}}
        for odd in ODD:
            yield event.label, dict.fromkeys(event.details, odd)
    yield "robot.danced", {"reason": "music"}


def test_people_who_are_gone_have_the_names_that_the_trail_keeps(world: World) -> None:
    with world.data():
        row = EventFacts(
            world.clock(), Event.MEMBER_ADDED.label, ActorKind.PERSON, 7, "carol@example.com", 8,
            "anna@example.com", "", "", {"group": "Finance"},
        )  # fmt: skip
        assert sentence(Happening(row)) == "carol@example.com added anna@example.com to Finance"
