"""Only what happened has a row: the same again is refused, or nothing is written on the trail."""

import contextlib
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from mfa_app.core.audit.events import EndReason
from mfa_app.core.browsers import remembered_devices
from mfa_app.core.browsers.known_browsers import BrowserFacts
from mfa_app.core.common.errors import Interruption, Refusal
from mfa_app.core.factors import enrolment, own_factors, passkey_setup, passkeys
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk import after_reset, approvals, opening, queue, removal, requests, scopes, timeline
from mfa_app.core.imports import from_terminal, stored
from mfa_app.core.imports.plan import ImportOptions
from mfa_app.core.login import logout
from mfa_app.core.mail import failed, one_time_links
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.operations import first_steps, logo, mail_settings, site_values
from mfa_app.core.passwords import reset_by_mail, reset_requests
from mfa_app.core.policy import overrides, rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.rollout import many, reminders
from mfa_app.core.rollout.many import Action, Change
from mfa_app.core.sessions import revocation, sessions
from mfa_app.core.sessions.revocation import RevocationReason
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.throttling import blocked, counters, limits
from mfa_app.core.users import (
    account_lock,
    accounts,
    directory,
    first_administrator,
    invitations,
    new_links,
    newcomers,
    typed_people,
)
from mfa_app.core.users.accounts import Profile
from mfa_app.core.users.filters import UserFilters
from mfa_app.extensions import db
from mfa_app.models import Role, User
from tests.support.authenticator import Authenticator
from tests.support.logos import picture
from tests.support.refusals.administration import failed_mail
from tests.support.refusals.helpdesk import reset_on_request, waiting_approval
from tests.support.refusals.scene import NEW, actor, become_administrator, link, logged_in
from tests.support.refusals.table import name_of
from tests.support.verbs import public_verbs
from tests.support.world import CALLED_BACK, TERMINAL, VISITOR, World

# These record each time, because each time something happens.
EACH_TIME = {
    "audit.downloads.note": "each download counts",
    "audit.events.record": "writes what it is told",
    "audit.events.row_of": "writes nothing",
    "audit.search.export": "each download counts",
    "browsers.remembered_devices.remember": "a new device each time",
    "factors.break_glass.make_set": "new codes each time",
    "factors.recovery_codes.make_set": "new codes each time",
    "helpdesk.access_passes.make": "a new pass each time",
    "helpdesk.reset.carry_out": "a mail, and the next login begins anew",
    "helpdesk.reset.reset_second_factor": "a mail, and the next login begins anew",
    "login.break_glass_step.open_with_code": "each code that was checked counts",
    "login.link_step.send_code": "a new code each time, one a minute",
    "login.link_step.open_with": "each pass that was checked counts",
    "helpdesk.queue.find_caller": "each number that is typed has a row",
    "helpdesk.requests.file": "a new number each time",
    "imports.export.export": "each download counts",
    "imports.result.download": "each download counts",
    "imports.from_terminal.apply": "the file is kept each time",
    "imports.stored.upload": "a new import each time",
    "imports.stored.check_again": "a new import each time",
    "imports.stored.start": "a second time is refused",
    "imports.stored.drop": "a second time is refused",
    "login.code_step.answer_challenge": "each code that was checked counts",
    "login.code_step.check_code": "each code that was checked counts",
    "login.new_logins.tell_of_login": "a mail each time",
    "login.password_step.sign_in": "each password that was checked counts",
    "login.passkey_step.sign_in_by_passkey": "each answer that was checked counts",
    "login.reauthentication.confirm_by_code": "each code that was checked counts",
    "login.reauthentication.confirm_by_password": "each password that was checked counts",
    "mail.one_time_links.create": "a new link each time",
    "mail.one_time_links.note_shown": "it is shown each time",
    "mail.outbox.notify": "a mail each time",
    "mail.trial.send": "a mail each time",
    "operations.backup.make": "a new file each time",
    "operations.backup.restore": "a new state each time",
    "operations.backup.finish_restore": "a new state each time",
    "operations.key_rotation.rotate_data_keys": "a new key each time",
    "operations.key_rotation.replace_signing_key": "a new key each time",
    "passwords.attempts.check_at_login": "each password that was checked counts",
    "passwords.attempts.check_own_password": "each password that was checked counts",
    "passwords.change.change_own": "a new hash each time",
    "passwords.change.set_from_terminal": "a new hash each time",
    "passwords.change.store_password": "a new hash each time",
    "policy.overrides.drop_deadline": "its callers have checked that there is one",
    "policy.overrides.drop_exemption": "its callers have checked that there is one",
    "users.accounts.insert_user": "its callers have checked that there is no such account",
    "users.first_administrator.create_setup_link": "a new link each time",
    "users.accounts.close": "its callers have checked that the account is enabled",
    "users.enrolment_links.mail_to": "a new link each time",
    "users.enrolment_links.send": "a new link each time",
    "users.invitations.accept": "a new hash each time",
    "users.invitations.invite": "a new link each time",
    "users.invitations.invite_many": "a new link each time",
    "users.invitations.mail_to": "a new link each time",
    "users.invitations.mail_to_all": "a new link each time",
}

Act = Callable[[], object]
AGAIN: dict[str, Callable[[World], Act]] = {}


def again(verb: Callable[..., object]) -> Callable[[Callable[[World], Act]], Callable[[World], Act]]:
    """Register how a verb is called, as often as one likes."""

    def register(arrange: Callable[[World], Act]) -> Callable[[World], Act]:
        AGAIN[name_of(verb)] = arrange
        return arrange

    return register


@again(scopes.limit)
def limit(world: World) -> Act:
    world.person("dora", role=Role.HELPDESK)
    return lambda: scopes.limit(world.user("dora"), [world.group_row("Finance")], actor=TERMINAL)


@again(reminders.remind)
def remind(world: World) -> Act:
    world.require(None)
    return lambda: reminders.remind([world.user("alice")], actor=TERMINAL, now=world.clock())


@again(site_values.change)
def change_the_site(world: World) -> Act:
    return lambda: site_values.change({"help_email": "help@example.com"}, actor=TERMINAL)


@again(site_values.store)
def store_for_the_site(world: World) -> Act:
    return lambda: site_values.store({"help_url": "https://help.example.com"}, actor=TERMINAL)


@again(mail_settings.change)
def change_the_mail_server(world: World) -> Act:
    server = {"smtp_url": "smtps://gate@mail.example.com:465"}
    mail_settings.change(server, "S3cret", actor=TERMINAL, now=world.clock())
    return lambda: mail_settings.change(server, "", actor=TERMINAL, now=world.clock())


@again(logo.change)
def change_the_logo(world: World) -> Act:
    logo.change(picture("PNG"), actor=TERMINAL)
    return lambda: logo.change(picture("PNG"), actor=TERMINAL)


@again(logo.remove)
def remove_the_logo(world: World) -> Act:
    return lambda: logo.remove(actor=TERMINAL)


@again(first_steps.put_away)
def put_first_steps_away(world: World) -> Act:
    return lambda: first_steps.put_away(actor=TERMINAL)


@again(first_steps.note_backups)
def note_backups(world: World) -> Act:
    return lambda: first_steps.note_backups(actor=TERMINAL)


@again(many.preview)
def preview_many(world: World) -> Act:
    change = Change(Action.DISABLE, frozenset({world.user("alice").id}))
    return lambda: many.preview(change, actor=TERMINAL, now=world.clock())


@again(many.apply)
def apply_many(world: World) -> Act:
    change = Change(Action.DISABLE, frozenset({world.user("alice").id}))
    return lambda: many.apply(change, actor=TERMINAL, now=world.clock())


@again(reminders.remind_all)
def remind_all(world: World) -> Act:
    world.require(None)
    return lambda: reminders.remind_all(None, actor=TERMINAL, now=world.clock())


@again(remembered_devices.forget)
def forget(world: World) -> Act:
    remembered_devices.remember(world.user("alice"), days=30, actor=TERMINAL, now=world.clock())
    return lambda: remembered_devices.forget(world.user("alice"), actor=TERMINAL)


@again(enrolment.confirm)
def enrol(world: World) -> Act:
    identity = logged_in(world, "alice")
    secret = enrolment.begin(identity, now=world.clock()).secret
    code = pyotp.TOTP(secret).at(world.clock())
    return lambda: enrolment.confirm(identity, code, actor=TERMINAL, now=world.clock())


@again(enrolment.remove)
def remove_app(world: World) -> Act:
    identity = logged_in(world, "bob", with_code=True)
    (app,) = identity.subject.authenticators
    return lambda: enrolment.remove(identity, app.id, actor=TERMINAL, now=world.clock())


@again(enrolment.rename)
def rename_app(world: World) -> Act:
    identity = logged_in(world, "bob", with_code=True)
    (app,) = identity.subject.authenticators
    return lambda: enrolment.rename(identity, app.id, "Phone", actor=TERMINAL)


@again(own_factors.opt_in)
def opt_in(world: World) -> Act:
    identity = logged_in(world, "dave", with_code=True)
    return lambda: own_factors.opt_in(identity, actor=TERMINAL)


@again(passkey_setup.register)
def add_passkey(world: World) -> Act:
    identity = logged_in(world, "bob", with_code=True)
    answer = Authenticator().make(passkey_setup.begin(identity, now=world.clock()))
    return lambda: passkey_setup.register(identity, answer, actor=TERMINAL, now=world.clock())


@again(passkey_setup.rename)
def rename_passkey(world: World) -> Act:
    identity, passkey = logged_in_with_passkey(world)
    return lambda: passkey_setup.rename(identity, passkey, "Key", actor=TERMINAL)


@again(passkey_setup.remove)
def remove_passkey(world: World) -> Act:
    identity, passkey = logged_in_with_passkey(world)
    return lambda: passkey_setup.remove(identity, passkey, actor=TERMINAL, now=world.clock())


@again(removal.remove_factor)
def remove_for_somebody(world: World) -> Act:
    identity, passkey = logged_in_with_passkey(world)
    bob = world.user("bob")
    assert bob.id == identity.user.id
    return lambda: removal.remove_factor(
        bob, passkey, reason="lost", checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
    )


def logged_in_with_passkey(world: World) -> tuple[Identity, str]:
    """Let bob add a passkey; return another session of his, and the id of the passkey."""
    add_passkey(world)()
    identity = logged_in(world, "bob", with_code=True)
    (passkey,) = passkeys.of_user(identity.user)
    return identity, passkey.id


@again(groups.create)
def create_group(world: World) -> Act:
    return lambda: groups.create("Sales", actor=TERMINAL, now=world.clock())


@again(groups.rename)
def rename_group(world: World) -> Act:
    group = world.group_row("Finance")
    return lambda: groups.rename(group, "Money", actor=TERMINAL)


@again(groups.remove)
def remove_group(world: World) -> Act:
    group = world.group_row("Finance")
    return lambda: groups.remove(group, actor=TERMINAL)


@again(groups.add_member)
def add_member(world: World) -> Act:
    group, user = world.group_row("Finance"), world.user("alice")
    return lambda: groups.add_member(group, user, actor=TERMINAL, now=world.clock())


@again(newcomers.join)
def join_again(world: World) -> Act:
    group, user = world.group_row("Finance"), world.user("alice")
    return lambda: newcomers.join(group, [user], [], actor=TERMINAL, now=world.clock())


@again(groups.remove_member)
def remove_member(world: World) -> Act:
    group, user = world.group_row("Finance"), world.user("bob")
    return lambda: groups.remove_member(group, user, actor=TERMINAL)


@again(groups.plan_groups)
def plan_groups(world: World) -> Act:
    return lambda: groups.plan_groups(world.user("bob"), [], actor=TERMINAL)


@again(groups.move_between_groups)
def move(world: World) -> Act:
    moves = groups.plan_groups(world.user("bob"), [], actor=TERMINAL)
    return lambda: groups.move_between_groups(world.user("bob"), moves, actor=TERMINAL, now=world.clock())


@again(logout.log_out)
def log_out(world: World) -> Act:
    identity = logged_in(world, "alice")
    return lambda: logout.log_out(identity, actor=TERMINAL)


@again(logout.log_out_elsewhere)
def log_out_elsewhere(world: World) -> Act:
    here, there = logged_in(world, "alice"), logged_in(world, "alice")
    return lambda: logout.log_out_elsewhere(here, there.session.id, actor=TERMINAL)


@again(logout.log_out_everywhere)
def log_out_everywhere(world: World) -> Act:
    identity = logged_in(world, "alice")
    return lambda: logout.log_out_everywhere(identity, actor=TERMINAL)


@again(reset_by_mail.choose_password)
def choose_password(world: World) -> Act:
    found, user = link(world, Purpose.PASSWORD_RESET, "alice"), world.user("alice")
    return lambda: reset_by_mail.choose_password(found, user, NEW, actor=VISITOR, now=world.clock())


@again(after_reset.go_on)
def go_on_after_reset(world: World) -> Act:
    token = reset_on_request(world, "bob")
    return lambda: after_reset.go_on(token, replaces=None, actor=VISITOR, now=world.clock())


@again(queue.page)
def page_of_requests(world: World) -> Act:
    requests.file(logged_in(world, "alice"), "lost", actor=VISITOR, now=world.clock())
    return lambda: queue.page(actor=TERMINAL, now=world.clock())


@again(queue.every)
def every_request(world: World) -> Act:
    return lambda: list(queue.every(actor=TERMINAL, now=world.clock()))


@again(requests.stop_by_link)
def stop_a_request(world: World) -> Act:
    requests.file(logged_in(world, "alice"), "lost", actor=VISITOR, now=world.clock())
    found, user = link(world, Purpose.STOP_RESET, "alice"), world.user("alice")
    return lambda: requests.stop_by_link(found, user, actor=VISITOR, now=world.clock())


@again(approvals.reset_or_ask)
def ask_for_an_approval(world: World) -> Act:
    asked = waiting_approval(world)
    return lambda: asked.again()


@again(approvals.approve)
def approve_a_reset(world: World) -> Act:
    asked = waiting_approval(world)
    dora = actor(world, "dora")
    return lambda: approvals.approve(asked.user, asked.id, actor=dora, now=world.clock())


@again(approvals.refuse)
def refuse_a_reset(world: World) -> Act:
    asked = waiting_approval(world)
    dora = actor(world, "dora")
    return lambda: approvals.refuse(asked.user, asked.id, reason="no", actor=dora, now=world.clock())


@again(approvals.stop_by_link)
def stop_an_approval(world: World) -> Act:
    user = waiting_approval(world).user
    found = link(world, Purpose.STOP_APPROVAL, "erin")
    return lambda: approvals.stop_by_link(found, user, actor=VISITOR, now=world.clock())


@again(one_time_links.end_locking)
def end_links_that_lock(world: World) -> Act:
    link(world, Purpose.STOP_APPROVAL, "alice")
    return lambda: one_time_links.end_locking(
        world.user("alice"), because=EndReason.ACCOUNT_OPENED, actor=TERMINAL
    )


@again(reset_requests.request_reset)
def request_reset(world: World) -> Act:
    return lambda: reset_requests.request_reset(
        "alice@example.com", browser=BrowserFacts(), actor=VISITOR, now=world.clock()
    )


@again(overrides.set_requirement)
def require(world: World) -> Act:
    return lambda: overrides.set_requirement(world.user("alice"), True, actor=TERMINAL, now=world.clock())


@again(new_links.ask)
def ask_for_a_new_link(world: World) -> Act:
    world.person("dora", password=None)
    then = world.clock() - timedelta(days=8)
    token = invitations.invite(world.user("dora"), actor=TERMINAL, now=then)
    return lambda: new_links.ask(token, actor=VISITOR, now=world.clock())


@again(overrides.exempt)
def exempt(world: World) -> Act:
    until = world.clock() + timedelta(days=3)
    return lambda: overrides.exempt(
        world.user("alice"), until=until, reason="broken phone", actor=TERMINAL, now=world.clock()
    )


@again(overrides.end_exemption)
def end_exemption(world: World) -> Act:
    until = world.clock() + timedelta(days=3)
    overrides.exempt(
        world.user("alice"), until=until, reason="broken phone", actor=TERMINAL, now=world.clock()
    )
    return lambda: overrides.end_exemption(world.user("alice"), actor=TERMINAL, now=world.clock())


@again(overrides.set_deadline)
def set_deadline(world: World) -> Act:
    last_day = world.clock().date() + timedelta(days=3)
    return lambda: overrides.set_deadline(world.user("alice"), last_day, actor=TERMINAL, now=world.clock())


@again(rules.set_rule)
def set_rule(world: World) -> Act:
    values = RuleValues(required=True, grace_days=7)
    return lambda: rules.set_rule(world.group_row("Finance"), values, actor=TERMINAL, now=world.clock())


@again(revocation.revoke_access)
def revoke(world: World) -> Act:
    logged_in(world, "alice")
    because = RevocationReason.LOGGED_OUT_EVERYWHERE
    return lambda: revocation.revoke_access(world.user("alice"), because=because, actor=TERMINAL)


@again(revocation.revoke_access_of_all)
def revoke_in_sets(world: World) -> Act:
    logged_in(world, "alice")
    because, whom = RevocationReason.DISABLED, select(User.id)
    return lambda: revocation.revoke_access_of_all(whom, because=because, actor=TERMINAL)


@again(sessions.start)
def start(world: World) -> Act:
    return lambda: sessions.start(world.user("alice"), actor=VISITOR, now=world.clock())


@again(sessions.elevate)
def elevate(world: World) -> Act:
    session = logged_in(world, "alice").session
    return lambda: sessions.elevate(session, actor=VISITOR, now=world.clock())


@again(sessions.renew)
def renew(world: World) -> Act:
    session = logged_in(world, "alice").session
    return lambda: sessions.renew(session, actor=VISITOR, now=world.clock())


@again(sessions.permit_enrolment)
def permit_enrolment(world: World) -> Act:
    session = logged_in(world, "alice").session
    return lambda: sessions.permit_enrolment(session, actor=VISITOR, now=world.clock())


@again(sessions.end_because)
def end_because(world: World) -> Act:
    identity = logged_in(world, "alice")
    return lambda: sessions.end_because(identity, EndReason.LOGGED_IN_AGAIN, actor=VISITOR)


@again(failed.page)
def page_of_failed_mails(world: World) -> Act:
    return lambda: failed.page(actor=TERMINAL)


@again(failed.every)
def every_failed_mail(world: World) -> Act:
    return lambda: list(failed.every(actor=TERMINAL))


@again(failed.find)
def find_failed_mail(world: World) -> Act:
    mail = failed_mail(world, "alice")
    return lambda: failed.find(mail.id, actor=TERMINAL)


@again(failed.try_again)
def try_mail_again(world: World) -> Act:
    mail = failed_mail(world, "alice")
    return lambda: failed.try_again(mail, actor=TERMINAL, now=world.clock())


@again(failed.try_all_again)
def try_mails_again(world: World) -> Act:
    failed_mail(world, "alice")
    return lambda: failed.try_all_again(actor=TERMINAL, now=world.clock())


@again(blocked.unblock)
def unblock(world: World) -> Act:
    counters.charge(limits.CODE, world.user("alice").id, now=world.clock())
    return lambda: blocked.unblock(world.user("alice"), actor=TERMINAL)


@again(blocked.unblock_network)
def unblock_network(world: World) -> Act:
    counters.charge(limits.PASSWORD_NETWORK, "192.0.2.1", now=world.clock())
    return lambda: blocked.unblock_network("192.0.2.1", actor=TERMINAL)


@again(accounts.create)
def create(world: World) -> Act:
    profile = Profile("dora@example.com", "Dora")
    return lambda: accounts.create(profile, groups=[], password=None, actor=TERMINAL, now=world.clock())


@again(accounts.change_role)
def change_role(world: World) -> Act:
    return lambda: accounts.change_role(world.user("bob"), Role.HELPDESK, actor=TERMINAL, now=world.clock())


@again(accounts.edit)
def edit(world: World) -> Act:
    user, profile = world.user("bob"), Profile("bobby@example.com", "Bobby", Role.HELPDESK)
    return lambda: accounts.edit(user, profile, groups=[], actor=TERMINAL, now=world.clock())


@again(accounts.disable)
def disable(world: World) -> Act:
    return lambda: accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())


@again(accounts.enable)
def enable(world: World) -> Act:
    accounts.disable(world.user("alice"), actor=TERMINAL, now=world.clock())
    return lambda: accounts.enable(world.user("alice"), actor=TERMINAL, now=world.clock())


@again(accounts.end_access)
def end_access(world: World) -> Act:
    link(world, Purpose.PASSWORD_RESET, "alice")
    return lambda: accounts.end_access(world.user("alice"), actor=TERMINAL)


@again(account_lock.lock_own)
def lock_own(world: World) -> Act:
    identity = logged_in(world, "alice")
    return lambda: account_lock.lock_own(identity, actor=VISITOR, now=world.clock())


@again(account_lock.lock_by_link)
def lock_by_link(world: World) -> Act:
    found, user = link(world, Purpose.ACCOUNT_LOCK, "alice"), world.user("alice")
    return lambda: account_lock.lock_by_link(found, user, actor=VISITOR, now=world.clock())


@again(account_lock.lock_for)
def lock_for(world: World) -> Act:
    return lambda: account_lock.lock_for(world.user("alice"), actor=TERMINAL, now=world.clock())


@again(opening.open_again)
def open_again(world: World) -> Act:
    account_lock.lock_for(world.user("alice"), actor=TERMINAL, now=world.clock())
    user = world.user("alice")
    return lambda: opening.open_again(
        user, reason="called", checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
    )


@again(one_time_links.end_all)
def end_all_links(world: World) -> Act:
    user = world.user("alice")
    link(world, Purpose.PASSWORD_RESET, "alice")
    return lambda: one_time_links.end_all(
        Purpose.PASSWORD_RESET, user, because=EndReason.REPLACED, actor=TERMINAL
    )


@again(directory.search)
def search(world: World) -> Act:
    return lambda: directory.search(UserFilters(), actor=TERMINAL, now=world.clock())


@again(typed_people.resolve)
def resolve_typed(world: World) -> Act:
    return lambda: typed_people.resolve("alice, zoe@example.com", actor=TERMINAL, now=world.clock())


@again(directory.all_found)
def all_found(world: World) -> Act:
    return lambda: directory.all_found(UserFilters(), actor=TERMINAL, now=world.clock())


@again(from_terminal.preview)
def preview(_world: World) -> Act:
    return lambda: from_terminal.preview(b"Email\nnew@example.com\n", ImportOptions(), actor=TERMINAL)


@again(stored.find)
def find_import(_world: World) -> Act:
    return lambda: stored.find("x", actor=TERMINAL)


@again(stored.latest)
def latest_import(_world: World) -> Act:
    return lambda: stored.latest(actor=TERMINAL)


@again(timeline.read)
def read_timeline(world: World) -> Act:
    return lambda: timeline.read(world.user("alice"), actor=TERMINAL)


@again(directory.get_visible)
def get_visible(world: World) -> Act:
    return lambda: directory.get_visible(world.user("alice").id, actor=TERMINAL)


@again(first_administrator.create_first_administrator)
def set_up(world: World) -> Act:
    found = link(world, Purpose.SETUP)
    return lambda: become_administrator(world, found, "eve@example.com")


# Once is enough: there was nothing to end.
NOTHING_TO_END: dict[str, Callable[[World], object]] = {
    "an exemption that is over": lambda world: overrides.end_exemption(
        world.user("frank"), actor=TERMINAL, now=world.clock() + timedelta(days=9)
    ),
    "an exemption of nobody": lambda world: overrides.end_exemption(
        world.user("alice"), actor=TERMINAL, now=world.clock()
    ),
    "a deadline of nobody": lambda world: overrides.set_deadline(
        world.user("alice"), None, actor=TERMINAL, now=world.clock()
    ),
    "a requirement that isn't": lambda world: overrides.set_requirement(
        world.user("alice"), False, actor=TERMINAL, now=world.clock()
    ),
    "a membership that isn't": lambda world: groups.remove_member(
        world.group_row("Finance"), world.user("alice"), actor=TERMINAL
    ),
    "an account that is enabled": lambda world: accounts.enable(
        world.user("alice"), actor=TERMINAL, now=world.clock()
    ),
    "an account that is open": lambda world: opening.open_again(
        world.user("alice"), reason="called", checked=CALLED_BACK, actor=TERMINAL, now=world.clock()
    ),
    "access that isn't": lambda world: accounts.end_access(world.user("alice"), actor=TERMINAL),
    "a group's name as it is": lambda world: groups.rename(
        world.group_row("Finance"), "Finance", actor=TERMINAL
    ),
}


@pytest.fixture
def people(world: World) -> World:
    """alice, bob of Finance and dave, who have apps, and frank, who is exempt for a week."""
    world.group("Finance")
    world.people("alice", "frank")
    world.linked_earlier("bob", groups_=("Finance",))
    world.linked_earlier("dave", role=Role.STAFF)
    with world.data():
        until = world.clock() + timedelta(days=7)
        overrides.exempt(
            world.user("frank"), until=until, reason="broken phone", actor=TERMINAL, now=world.clock()
        )
    return world


@pytest.mark.parametrize("name", AGAIN)
def test_the_same_again_is_refused_or_leaves_no_row(people: World, name: str) -> None:
    with people.app.app_context():
        act = AGAIN[name](people)
        db.session.commit()
        act()
        db.session.commit()
        before = people.events()
        with contextlib.suppress(Refusal, Interruption):
            act()
        db.session.commit()
        assert people.events() == before


@pytest.mark.parametrize("what", NOTHING_TO_END)
def test_where_there_is_nothing_to_end_no_row_is_written(people: World, what: str) -> None:
    before = people.events()
    with people.data():
        NOTHING_TO_END[what](people)
    assert people.events() == before


def test_every_verb_is_in_one_of_the_two_tables() -> None:
    assert set(public_verbs()) == AGAIN.keys() | EACH_TIME.keys()
    assert not AGAIN.keys() & EACH_TIME.keys()
