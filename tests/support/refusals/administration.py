"""Accounts, groups, rules and the help desk."""

from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy import select, update

from mfa_app.core.audit import downloads, search
from mfa_app.core.audit.search import TrailSearch
from mfa_app.core.common import errors
from mfa_app.core.common.actor import Actor
from mfa_app.core.factors import held
from mfa_app.core.groups import groups
from mfa_app.core.helpdesk import approvals, opening, removal, reset, scopes
from mfa_app.core.imports import export, from_terminal, result, saving, stored
from mfa_app.core.imports.plan import ImportOptions
from mfa_app.core.imports.state import State
from mfa_app.core.mail import failed, one_time_links, outbox, trial
from mfa_app.core.mail.one_time_links import Purpose
from mfa_app.core.operations import first_steps, logo, mail_settings, site_values
from mfa_app.core.operations.logo_picture import redrawn
from mfa_app.core.policy import overrides, rules
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.rollout import many, reminders
from mfa_app.core.rollout.many import Action, Change
from mfa_app.core.throttling import blocked, counters, limits
from mfa_app.core.users import (
    account_lock,
    accounts,
    directory,
    enrolment_links,
    first_administrator,
    invitations,
    newcomers,
)
from mfa_app.core.users.accounts import Profile
from mfa_app.core.users.filters import UserFilters
from mfa_app.extensions import db
from mfa_app.models import OutboxMail, PeopleImport, Role, User
from mfa_app.models.column_types import new_id
from mfa_app.settings import load_settings
from mfa_app.wording.imports import result_words
from tests.support.logos import picture
from tests.support.refusals.scene import actor, become_administrator, ended, link, logged_in, used_up
from tests.support.refusals.table import Act, Arrange, Table
from tests.support.site_parts import put
from tests.support.world import CALLED_BACK, TERMINAL, VISITOR, World

PEOPLE = b"Email,Groups\nnew@example.com,Sales\n"

NEWCOMER = Profile("new@example.com", "New")

ROWS = Table()
case = ROWS.add


def remove_first(world: World, someone: Actor, factor_id: str | None = None) -> object:
    """Let somebody remove alice's first app or passkey, or what once had this id."""
    alice = world.user("alice")
    gone = factor_id or held.of_user(alice)[0].id
    return removal.remove_factor(
        alice, gone, reason="lost", checked=CALLED_BACK, actor=someone, now=world.clock()
    )


def failed_mail(world: World, to: str) -> failed.FailedMail:
    """Return an email to somebody that the mail server has refused."""
    outbox.enqueue(outbox.Mail.REMINDER, world.user(to), now=world.clock())
    db.session.flush()
    of_this_kind = OutboxMail.template == "reminder", OutboxMail.to == world.user(to).email
    mail = db.session.scalars(select(OutboxMail).where(*of_this_kind)).one()
    mail.last_error, mail.next_attempt_at = "550 5.1.1 no such user", None
    db.session.flush()
    found = failed.find(mail.id, actor=TERMINAL)
    assert found is not None
    return found


def mail_to_alice(world: World) -> failed.FailedMail:
    """Return a failed email to alice as a page has shown it."""
    alice, now = world.user("alice"), world.clock()
    return failed.FailedMail("none", "reminder", alice.email, alice.id, alice.name, "550", now, None)


def disabling(world: World) -> Change:
    """Return the change that disables alice's account."""
    return Change(Action.DISABLE, frozenset({world.user("alice").id}))


def upload(world: World, someone: Actor, file: bytes) -> PeopleImport:
    """Let somebody upload a file of people."""
    return stored.upload(file, "people.csv", ImportOptions(), actor=someone, now=world.clock())


ASKED = approvals.Asked("lost", CALLED_BACK)


# Nobody without the permission

STAFF_MAY_NOT: dict[Callable[..., object], Callable[[World, Actor], object]] = {
    downloads.note: lambda world, eve: downloads.note(downloads.List.TO_LINK, "", actor=eve),
    search.export: lambda world, eve: search.export(TrailSearch(), actor=eve),
    export.export: lambda world, eve: export.export(UserFilters(), actor=eve, now=world.clock()),
    from_terminal.preview: lambda world, eve: from_terminal.preview(PEOPLE, ImportOptions(), actor=eve),
    result.download: lambda _world, eve: result.download(
        PeopleImport(state=State.DONE), (), result_words, actor=eve
    ),
    from_terminal.apply: lambda world, eve: from_terminal.apply(
        PEOPLE, "people.csv", ImportOptions(), actor=eve, now=world.clock()
    ),
    stored.upload: lambda world, eve: upload(world, eve, PEOPLE),
    stored.find: lambda _world, eve: stored.find("x", actor=eve),
    stored.latest: lambda _world, eve: stored.latest(actor=eve),
    stored.start: lambda world, eve: stored.start(PeopleImport(), actor=eve, now=world.clock()),
    stored.drop: lambda _world, eve: stored.drop(PeopleImport(), actor=eve),
    accounts.create: lambda world, eve: accounts.create(
        Profile("new@example.com", "New"), groups=[], password=None, actor=eve, now=world.clock()
    ),
    accounts.change_role: lambda world, eve: accounts.change_role(
        world.user("alice"), Role.ADMIN, actor=eve, now=world.clock()
    ),
    accounts.edit: lambda world, eve: accounts.edit(
        world.user("alice"), Profile("mallory@example.com", "Mallory"), actor=eve, now=world.clock()
    ),
    accounts.disable: lambda world, eve: accounts.disable(world.user("alice"), actor=eve, now=world.clock()),
    accounts.enable: lambda world, eve: accounts.enable(world.user("alice"), actor=eve, now=world.clock()),
    account_lock.lock_for: lambda world, eve: account_lock.lock_for(
        world.user("alice"), actor=eve, now=world.clock()
    ),
    opening.open_again: lambda world, eve: opening.open_again(
        world.user("alice"), reason="called", checked=CALLED_BACK, actor=eve, now=world.clock()
    ),
    accounts.end_access: lambda world, eve: accounts.end_access(world.user("alice"), actor=eve),
    many.preview: lambda world, eve: many.preview(disabling(world), actor=eve, now=world.clock()),
    many.apply: lambda world, eve: many.apply(disabling(world), actor=eve, now=world.clock()),
    reminders.remind: lambda world, eve: reminders.remind(
        [world.user("alice")], actor=eve, now=world.clock()
    ),
    reminders.remind_all: lambda world, eve: reminders.remind_all(None, actor=eve, now=world.clock()),
    invitations.invite: lambda world, eve: invitations.invite(
        world.user("alice"), actor=eve, now=world.clock()
    ),
    invitations.invite_many: lambda world, eve: invitations.invite_many(
        [world.user("alice")], actor=eve, now=world.clock()
    ),
    one_time_links.note_shown: lambda world, eve: one_time_links.note_shown(world.user("alice"), actor=eve),
    enrolment_links.send: lambda world, eve: enrolment_links.send(
        world.user("alice"), actor=eve, now=world.clock()
    ),
    directory.get_visible: lambda world, eve: directory.get_visible(world.user("alice").id, actor=eve),
    groups.create: lambda world, eve: groups.create("Sales", actor=eve, now=world.clock()),
    groups.rename: lambda world, eve: groups.rename(world.group_row("Finance"), "Sales", actor=eve),
    groups.remove: lambda world, eve: groups.remove(world.group_row("Finance"), actor=eve),
    groups.add_member: lambda world, eve: groups.add_member(
        world.group_row("Finance"), world.user("eve"), actor=eve, now=world.clock()
    ),
    groups.remove_member: lambda world, eve: groups.remove_member(
        world.group_row("Finance"), world.user("alice"), actor=eve
    ),
    groups.plan_groups: lambda world, eve: groups.plan_groups(world.user("alice"), [], actor=eve),
    overrides.set_requirement: lambda world, eve: overrides.set_requirement(
        world.user("alice"), True, actor=eve, now=world.clock()
    ),
    overrides.exempt: lambda world, eve: overrides.exempt(
        world.user("alice"), until=world.clock(), reason="lost", actor=eve, now=world.clock()
    ),
    overrides.end_exemption: lambda world, eve: overrides.end_exemption(
        world.user("alice"), actor=eve, now=world.clock()
    ),
    overrides.set_deadline: lambda world, eve: overrides.set_deadline(
        world.user("alice"), world.clock().date(), actor=eve, now=world.clock()
    ),
    rules.set_rule: lambda world, eve: rules.set_rule(
        None, RuleValues(required=True), actor=eve, now=world.clock()
    ),
    newcomers.join: lambda world, eve: newcomers.join(
        world.group_row("Finance"), [world.user("eve")], [NEWCOMER], actor=eve, now=world.clock()
    ),
    approvals.reset_or_ask: lambda world, eve: approvals.reset_or_ask(
        world.user("alice"), ASKED, rules=site_values.current(), actor=eve, now=world.clock()
    ),
    approvals.approve: lambda world, eve: approvals.approve(
        world.user("alice"), "an id", actor=eve, now=world.clock()
    ),
    approvals.refuse: lambda world, eve: approvals.refuse(
        world.user("alice"), "an id", reason="no", actor=eve, now=world.clock()
    ),
    reset.reset_second_factor: lambda world, eve: reset.reset_second_factor(
        world.user("alice"), reason="lost", checked=CALLED_BACK, actor=eve, now=world.clock()
    ),
    removal.remove_factor: lambda world, eve: remove_first(world, eve),
    scopes.limit: lambda world, eve: scopes.limit(world.user("alice"), None, actor=eve),
    blocked.unblock_network: lambda world, eve: blocked.unblock_network("192.0.2.1", actor=eve),
    failed.try_again: lambda world, eve: failed.try_again(mail_to_alice(world), actor=eve, now=world.clock()),
    failed.try_all_again: lambda world, eve: failed.try_all_again(actor=eve, now=world.clock()),
    blocked.unblock: lambda world, eve: blocked.unblock(world.user("alice"), actor=eve),
}


def alice_of_finance_and_eve(world: World) -> None:
    world.group("Finance")
    world.linked("alice", groups_=("Finance",))
    world.person("eve")


def with_carol(world: World) -> None:
    alice_of_finance_and_eve(world)
    world.linked("carol")


def staff(act: Callable[[World, Actor], object]) -> Arrange:
    """Let eve, who is staff, try it on alice of Finance."""

    def arrange(world: World) -> Act:
        world.after(alice_of_finance_and_eve)
        counters.charge(limits.CODE, world.user("alice").id, now=world.clock())
        return lambda: act(world, actor(world, "eve"))

    return arrange


for _verb, _act in STAFF_MAY_NOT.items():
    case(_verb, errors.NotAllowed, staff(_act))


def reminded_in_vain(world: World) -> Act:
    """Let carol remind alice, whom no rule asks for anything."""
    world.people("alice", "carol")
    return lambda: reminders.remind([world.user("alice")], actor=actor(world, "carol"), now=world.clock())


def all_reminded_in_vain(world: World) -> Act:
    """Let carol remind everyone where no rule asks for anything."""
    world.linked("carol")
    return lambda: reminders.remind_all(None, actor=actor(world, "carol"), now=world.clock())


case(reminders.remind, errors.NothingToRemind, reminded_in_vain)
case(reminders.remind_all, errors.NothingToRemind, all_reminded_in_vain)


def invited_in_vain(*, password: str | None, disabled: bool) -> Arrange:
    """Let carol invite alice, who needs no invitation or can't use one."""

    def arrange(world: World) -> Act:
        world.linked_earlier("carol")
        world.person("alice", password=password)
        if disabled:
            world.user("alice").disabled_at = world.clock()
        return lambda: invitations.invite(world.user("alice"), actor=actor(world, "carol"), now=world.clock())

    return arrange


case(invitations.invite, errors.AccountDisabled, invited_in_vain(password=None, disabled=True))
case(invitations.invite, errors.PasswordChosen, invited_in_vain(password="a secret", disabled=False))


# Nobody whose access has ended since the page was read


def stale(act: Callable[[World, Actor], object], end: Callable[[World], object]) -> Arrange:
    """Let carol the administrator try it on alice, just after her own access has ended."""

    def arrange(world: World) -> Act:
        world.after(with_carol)
        carol = actor(world, "carol")
        end(world)
        return lambda: act(world, carol)

    return arrange


def disabled(world: World) -> None:
    db.session.execute(update(User).where(User.role == Role.ADMIN).values(disabled_at=world.clock()))


def demoted(_world: World) -> None:
    db.session.execute(update(User).where(User.role == Role.ADMIN).values(role=Role.HELPDESK))


def logged_out(_world: World) -> None:
    db.session.execute(update(User).where(User.role == Role.ADMIN).values(security_stamp=99))


_READING = {
    downloads.note,
    search.export,
    export.export,
    result.download,
    from_terminal.preview,
    stored.find,
    stored.latest,
    many.preview,
    directory.get_visible,
    groups.plan_groups,
}
for _verb, _act in STAFF_MAY_NOT.items():
    if _verb not in _READING:
        for _end in (disabled, demoted, logged_out):
            case(_verb, errors.SessionEnded, stale(_act, _end), _end.__name__)


# Nobody outside the scope that the help desk has by now


def out_of_scope(act: Callable[[World, Actor], object]) -> Arrange:
    """Let dave of the help desk, limited to a group since the page was read, try it on alice."""

    def arrange(world: World) -> Act:
        world.group("Finance")
        world.linked("alice")
        world.linked("dave")
        dave = actor(world, "dave")
        scopes.limit(world.user("dave"), [world.group_row("Finance")], actor=TERMINAL)
        return lambda: act(world, dave)

    return arrange


for _verb in (
    *(approvals.reset_or_ask, approvals.approve, approvals.refuse),
    *(reset.reset_second_factor, removal.remove_factor, opening.open_again, failed.try_again),
):
    case(_verb, errors.OutOfScope, out_of_scope(STAFF_MAY_NOT[_verb]))


def limiting_staff(world: World) -> Act:
    """Limit alice, who is not of the help desk."""
    world.person("alice")
    return lambda: scopes.limit(world.user("alice"), [], actor=TERMINAL)


case(scopes.limit, errors.NotHelpDesk, limiting_staff)


# A file that is none of people

case(
    from_terminal.preview,
    errors.ImportFileRefused,
    lambda _world: lambda: from_terminal.preview(b"Name\nAlice\n", ImportOptions(), actor=TERMINAL),
)
case(
    from_terminal.apply,
    errors.ImportFileRefused,
    lambda world: (
        lambda: from_terminal.apply(
            b"Email\n\0\n", "people.csv", ImportOptions(), actor=TERMINAL, now=world.clock()
        )
    ),
)


case(stored.upload, errors.ImportFileRefused, lambda world: lambda: upload(world, TERMINAL, b"Name\nAlice\n"))


# A kept import that can't be saved: not any more, not by this one, or not as it was previewed


def not_ready(verb: Callable[..., object]) -> Arrange:
    """Return the row of an import that is saved already."""

    def arrange(world: World) -> Act:
        saved = upload(world, TERMINAL, b"Email\nnew@example.com\n")
        saved.state = State.DONE
        db.session.flush()
        return lambda: verb(saved, actor=TERMINAL, **({} if verb is stored.drop else {"now": world.clock()}))

    return arrange


# People who join a group together


def join_with(email: str) -> Arrange:
    def arrange(world: World) -> Act:
        world.group("Finance")
        world.people("alice", "bob")
        group, users, also = world.group_row("Finance"), [world.user("bob")], Profile(email, "Zoe")
        return lambda: newcomers.join(group, users, [NEWCOMER, also], actor=TERMINAL, now=world.clock())

    return arrange


def download_too_early(_world: World) -> Act:
    return lambda: result.download(PeopleImport(state=State.READING), (), result_words, actor=TERMINAL)


def start_beside_another(world: World) -> Act:
    world.linked("carol")
    carol, file = actor(world, "carol"), b"Email\nnew@example.com\n"
    stored.start(upload(world, carol, file), actor=carol, now=world.clock())
    waiting = upload(world, TERMINAL, file)
    return lambda: stored.start(waiting, actor=TERMINAL, now=world.clock())


def start_of_somebody_else(world: World) -> Act:
    world.linked("carol")
    of_carol = upload(world, actor(world, "carol"), b"Email\nnew@example.com\n")
    return lambda: stored.start(of_carol, actor=TERMINAL, now=world.clock())


def apply_beside_another(world: World) -> Act:
    start_beside_another(world)
    file, options = b"Email\nnew@example.com\n", ImportOptions()
    return lambda: from_terminal.apply(file, "people.csv", options, actor=TERMINAL, now=world.clock())


def save_what_has_changed(world: World) -> Act:
    previewed = upload(world, TERMINAL, b"Email\nnew@example.com\n")
    profile = Profile("new@example.com", "New")
    accounts.create(profile, groups=[], password=None, actor=TERMINAL, now=world.clock())
    return lambda: saving.save(previewed, now=world.clock())


case(from_terminal.apply, errors.ImportRunning, apply_beside_another)
case(saving.save, errors.ImportStale, save_what_has_changed)
for _verb in (stored.start, stored.drop, stored.check_again):
    case(_verb, errors.ImportNotReady, not_ready(_verb))
case(result.download, errors.ImportNotReady, download_too_early)
case(stored.start, errors.ImportRunning, start_beside_another)
case(stored.start, errors.NotAllowed, start_of_somebody_else, "of somebody else")
case(newcomers.join, errors.EmailTaken, join_with("ALICE@example.com"))
case(newcomers.join, errors.EmailTaken, join_with(NEWCOMER.email.upper()), "twice")
case(newcomers.join, errors.InvalidEmail, join_with("zoe"))


# An app or a passkey of somebody


def remove_one_that_is_gone(world: World) -> Act:
    world.linked("alice")
    return lambda: remove_first(world, TERMINAL, new_id())


def remove_the_only_one(world: World) -> Act:
    world.linked("alice")
    return lambda: remove_first(world, TERMINAL)


case(removal.remove_factor, errors.FactorGone, remove_one_that_is_gone)
case(removal.remove_factor, errors.LastFactor, remove_the_only_one)


# One's own account


OWN_ACCOUNT = {
    "own role": Profile("carol@example.com", "Carol", Role.STAFF),
    "own name": Profile("carol@example.com", "Karla", Role.ADMIN),
    "own last day": Profile("carol@example.com", "Carol", Role.ADMIN, last_day=date(2999, 1, 1)),
    "own address": Profile("karla@example.com", "Carol", Role.ADMIN),
}


def own_account(profile: Profile) -> Arrange:
    def arrange(world: World) -> Act:
        world.person("carol")
        return lambda: accounts.edit(
            world.user("carol"), profile, groups=[], actor=actor(world, "carol"), now=world.clock()
        )

    return arrange


for _label, _profile in OWN_ACCOUNT.items():
    case(accounts.edit, errors.NotAllowed, own_account(_profile), _label)


# A lock of one's own account


def lock_after_the_end(world: World) -> Act:
    world.person("alice")
    identity = ended(logged_in(world, "alice"))
    return lambda: account_lock.lock_own(identity, actor=actor(world, "alice"), now=world.clock())


def lock_by_a_used_link(world: World) -> Act:
    world.person("alice")
    found, user = used_up(link(world, Purpose.ACCOUNT_LOCK, "alice")), world.user("alice")
    return lambda: account_lock.lock_by_link(found, user, actor=VISITOR, now=world.clock())


case(account_lock.lock_own, errors.SessionEnded, lock_after_the_end)
case(account_lock.lock_by_link, errors.OneTimeLinkExpired, lock_by_a_used_link)


# What no role can be spared


def exempt_dave(world: World) -> Act:
    world.linked("dave")
    return lambda: overrides.exempt(
        world.user("dave"), until=world.clock(), reason="lost", actor=TERMINAL, now=world.clock()
    )


def delay(name: str, ahead: timedelta) -> Arrange:
    """Let alice, or dave of the help desk, have a deadline so far ahead."""

    def arrange(world: World) -> Act:
        world.person("alice")
        world.linked("dave")
        last_day = world.clock().date() + ahead
        return lambda: overrides.set_deadline(world.user(name), last_day, actor=TERMINAL, now=world.clock())

    return arrange


def link_for(name: str) -> Arrange:
    """Let a link be sent to alice, whose password is enough, or to carol, who has an app."""

    def arrange(world: World) -> Act:
        world.person("alice")
        world.linked("carol")
        return lambda: enrolment_links.send(world.user(name), actor=TERMINAL, now=world.clock())

    return arrange


case(overrides.exempt, errors.CannotExemptRole, exempt_dave)
case(overrides.set_deadline, errors.CannotDelayRole, delay("dave", timedelta(days=3)))
case(overrides.set_deadline, errors.DeadlineOutOfRange, delay("alice", -timedelta(days=1)), "past")
case(overrides.set_deadline, errors.DeadlineOutOfRange, delay("alice", timedelta(days=91)), "too far")
case(enrolment_links.send, errors.LinkNotNeeded, link_for("alice"), "staff")
case(enrolment_links.send, errors.LinkNotNeeded, link_for("carol"), "linked")


# The last administrator, and oneself


def the_only_administrator(act: Callable[[World], object]) -> Arrange:
    """Let it be done to carol; the only other administrator has no password yet."""

    def arrange(world: World) -> Act:
        world.linked("carol")
        world.person("mallory", role=Role.ADMIN, password=None)
        return lambda: act(world)

    return arrange


WITHOUT_ADMINISTRATOR: dict[Callable[..., object], Callable[[World], object]] = {
    accounts.disable: lambda world: accounts.disable(world.user("carol"), actor=TERMINAL, now=world.clock()),
    accounts.change_role: lambda world: accounts.change_role(
        world.user("carol"), Role.STAFF, actor=TERMINAL, now=world.clock()
    ),
    accounts.edit: lambda world: accounts.edit(
        world.user("carol"),
        Profile("new@example.com", "New"),
        groups=[],
        actor=TERMINAL,
        now=world.clock(),
    ),
}

for _verb, _only in WITHOUT_ADMINISTRATOR.items():
    case(_verb, errors.LastAdministrator, the_only_administrator(_only))


def oneself(act: Callable[[World, Actor], object]) -> Arrange:
    """Let carol try to lift her own requirement; she is of Finance, which requires 2FA, and of Sales."""

    def arrange(world: World) -> Act:
        world.group("Finance", required=True)
        world.group("Sales")
        world.linked("carol", groups_=("Finance", "Sales"))
        return lambda: act(world, actor(world, "carol"))

    return arrange


LIFTING: dict[Callable[..., object], Callable[[World, Actor], object]] = {
    groups.remove_member: lambda world, carol: groups.remove_member(
        world.group_row("Finance"), world.user("carol"), actor=carol
    ),
    groups.plan_groups: lambda world, carol: groups.plan_groups(world.user("carol"), [], actor=carol),
    groups.remove: lambda world, carol: groups.remove(world.group_row("Finance"), actor=carol),
    accounts.edit: lambda world, carol: accounts.edit(
        world.user("carol"),
        Profile("carol@example.com", "Carol", Role.ADMIN),
        groups=[],
        actor=carol,
        now=world.clock(),
    ),
    overrides.set_requirement: lambda world, carol: overrides.set_requirement(
        world.user("carol"), False, actor=carol, now=world.clock()
    ),
}

for _verb, _lift in LIFTING.items():
    case(_verb, errors.CannotExemptSelf, oneself(_lift))


# Names and addresses

ADDRESS_VERBS: dict[Callable[..., object], Callable[[World, str], object]] = {
    accounts.create: lambda world, email: accounts.create(
        Profile(email, "New"), groups=[], password=None, actor=TERMINAL, now=world.clock()
    ),
    accounts.edit: lambda world, email: accounts.edit(
        world.user("bob"), Profile(email, "New"), groups=[], actor=TERMINAL, now=world.clock()
    ),
}


def with_address(act: Callable[[World, str], object], email: str) -> Arrange:
    """Let an account have this address, beside alice and bob of Sales."""

    def arrange(world: World) -> Act:
        world.group("Sales")
        world.person("alice")
        world.person("bob", groups_=("Sales",))
        return lambda: act(world, email)

    return arrange


for _verb, _put in ADDRESS_VERBS.items():
    case(_verb, errors.InvalidEmail, with_address(_put, "no address"))
    case(_verb, errors.EmailTaken, with_address(_put, "ALICE@example.com"))


def second_group(act: Callable[[World], object]) -> Arrange:
    def arrange(world: World) -> Act:
        world.group("Finance")
        world.group("Sales")
        return lambda: act(world)

    return arrange


case(
    groups.create,
    errors.NameTaken,
    second_group(lambda world: groups.create("FINANCE", actor=TERMINAL, now=world.clock())),
)
case(
    groups.rename,
    errors.NameTaken,
    second_group(lambda world: groups.rename(world.group_row("Sales"), "FINANCE", actor=TERMINAL)),
)


# A rule that is not what it was


def old_version(world: World) -> Act:
    """Save a rule that was previewed before somebody else changed it."""
    world.group("Finance")
    seen = rules.version_of(world.group_row("Finance"))
    world.require("Finance")
    return lambda: rules.set_rule(
        world.group_row("Finance"),
        RuleValues(required=False),
        expected_version=seen,
        actor=TERMINAL,
        now=world.clock(),
    )


def group_deleted(world: World) -> Act:
    """Save the rule of a group that somebody else has deleted meanwhile."""
    world.group("Finance")
    finance = world.group_row("Finance")
    with world.data():
        groups.remove(world.group_row("Finance"), actor=TERMINAL)
    return lambda: rules.set_rule(finance, RuleValues(required=True), actor=TERMINAL, now=world.clock())


case(rules.set_rule, errors.RuleChanged, old_version, "old version")
case(rules.set_rule, errors.RuleChanged, group_deleted, "group deleted")


# The first administrator


def set_up(name: str | None, email: str, *, late: bool = False) -> Arrange:
    """Let eve become administrator where there is this person already, or by a link that is used up."""

    def arrange(world: World) -> Act:
        found = link(world, Purpose.SETUP)
        db.session.commit()
        if name:
            world.person(name)
        if late:
            used_up(found)
        return lambda: become_administrator(world, found, email)

    return arrange


def setup_link_again(world: World) -> Act:
    world.person("carol")
    return lambda: first_administrator.create_setup_link(actor=TERMINAL, now=world.clock())


_SET_UP = first_administrator.create_first_administrator
case(first_administrator.create_setup_link, errors.AlreadySetUp, setup_link_again)
case(_SET_UP, errors.AlreadySetUp, set_up("carol", "eve@example.com"))
case(_SET_UP, errors.EmailTaken, set_up("alice", "alice@example.com"))
case(_SET_UP, errors.InvalidEmail, set_up(None, "no address"))
case(_SET_UP, errors.OneTimeLinkExpired, set_up(None, "eve@example.com", late=True))


# The site itself


Deed = Callable[[World, Actor], object]


def new_address(_world: World, someone: Actor) -> object:
    return site_values.change({"help_email": "help@example.com"}, actor=someone)


def new_mail_server(world: World, someone: Actor) -> object:
    server = {"smtp_url": "smtps://gate@mail.example.com:465"}
    return mail_settings.change(server, "S3cret", actor=someone, now=world.clock())


def same_password(world: World, someone: Actor) -> object:
    server = {"smtp_url": "smtps://gate@mail.example.net:465"}
    return mail_settings.change(server, "", actor=someone, now=world.clock())


def codes_by_email(_world: World, someone: Actor) -> object:
    """Let resets lead to a code by email."""
    return site_values.change({"reset_leads_to": "email-code"}, actor=someone)


def new_logo(_world: World, someone: Actor) -> object:
    return logo.change(picture("PNG"), actor=someone)


def no_logo(_world: World, someone: Actor) -> object:
    return logo.change(b"<svg/>", actor=someone)


def without_logo(_world: World, someone: Actor) -> object:
    return logo.remove(actor=someone)


def a_test_mail(world: World, someone: Actor) -> None:
    trial.send(world.user("carol"), actor=someone, now=world.clock())


def put_away(_world: World, someone: Actor) -> None:
    first_steps.put_away(actor=someone)


def note_backups(_world: World, someone: Actor) -> None:
    first_steps.note_backups(actor=someone)


def at_the_site(
    deed: Deed, before: Callable[[World], object] = lambda world: None, *, name: str = "carol"
) -> Arrange:
    """Let somebody do something on the page of the site, after something has happened."""

    def arrange(world: World) -> Act:
        for person in {name, "carol"}:
            world.linked_earlier(person)
        someone = actor(world, name)
        before(world)
        return lambda: deed(world, someone)

    return arrange


def set_on_the_server(world: World) -> None:
    folder = str(world.app.config["SETTINGS"].instance_path)
    put(world.app, load_settings({"MFA_INSTANCE_PATH": folder, "MFA_HELP_EMAIL": "desk@example.com"}))


def server_set_there(world: World) -> None:
    folder = str(world.app.config["SETTINGS"].instance_path)
    put(world.app, load_settings({"MFA_INSTANCE_PATH": folder, "MFA_SMTP_URL": "smtp://127.0.0.1:9"}))


def has_a_mail_server(world: World) -> None:
    new_mail_server(world, TERMINAL)


def disabled_meanwhile(world: World) -> None:
    world.user("carol").disabled_at = world.clock()


case(site_values.change, errors.SetOnServer, at_the_site(new_address, set_on_the_server))
case(site_values.change, errors.NoMailServer, at_the_site(codes_by_email))
case(site_values.change, errors.NotAllowed, at_the_site(new_address, name="dave"))
case(site_values.change, errors.SessionEnded, at_the_site(new_address, disabled_meanwhile))
case(mail_settings.change, errors.SetOnServer, at_the_site(new_mail_server, server_set_there))
case(mail_settings.change, errors.MailPasswordNeeded, at_the_site(same_password, has_a_mail_server))
case(mail_settings.change, errors.NotAllowed, at_the_site(new_mail_server, name="dave"))
case(mail_settings.change, errors.SessionEnded, at_the_site(new_mail_server, disabled_meanwhile))
case(logo.change, errors.LogoRefused, at_the_site(no_logo))
case(redrawn, errors.LogoRefused, lambda _world: lambda: redrawn(b"<svg/>"))
for deed in (new_logo, without_logo):
    verb = logo.change if deed is new_logo else logo.remove
    case(verb, errors.NotAllowed, at_the_site(deed, name="dave"))
    case(verb, errors.SessionEnded, at_the_site(deed, disabled_meanwhile))
case(trial.send, errors.NotAllowed, at_the_site(a_test_mail, name="dave"))
case(trial.send, errors.SessionEnded, at_the_site(a_test_mail, disabled_meanwhile))
case(first_steps.put_away, errors.NotAllowed, at_the_site(put_away, name="dave"))
case(first_steps.put_away, errors.SessionEnded, at_the_site(put_away, disabled_meanwhile))
case(first_steps.note_backups, errors.NotAllowed, at_the_site(note_backups, name="dave"))
case(first_steps.note_backups, errors.SessionEnded, at_the_site(note_backups, disabled_meanwhile))
