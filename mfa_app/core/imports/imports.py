"""Previews an import of people, and applies it whole: if a part of it is refused, nothing is saved."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import email_addresses
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.email_addresses import name_key
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.imports.plan import ImportOptions, Outcome, PlannedRow, Planner
from mfa_app.core.imports.reader import PeopleFile
from mfa_app.core.users import accounts, invitations
from mfa_app.extensions import db
from mfa_app.models import Group, User


def preview(file: bytes, options: ImportOptions, *, actor: Actor) -> list[PlannedRow]:
    """Return what each row would do, in the order of the file. Raises ImportFileRefused, NotAllowed."""
    actor.require(Permission.MANAGE_USERS)
    return list(Planner(options, actor).rows(PeopleFile(file)))


def apply(
    file: bytes,
    options: ImportOptions,
    *,
    invite: bool = False,
    actor: Actor,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[PlannedRow]:
    """Do what `preview` would show now, without the wrong rows; return it.

    `progress` is called with how many rows are done, of how many. The caller commits. Raises
    ImportFileRefused, NotAllowed, SessionEnded.
    """
    begin_change(actor, Permission.MANAGE_USERS)
    planned = preview(file, options, actor=actor)
    counts = Counter(row.outcome for row in planned)
    if not counts.keys() & {Outcome.NEW, Outcome.CHANGED, Outcome.DISABLED, Outcome.LEAVES}:
        return planned
    known = _with_missing_groups(planned, actor=actor, now=now)
    for done, row in enumerate(planned, 1):
        _apply(row, options, known, invite=invite, actor=actor, now=now)
        progress(done, len(planned))
    changed = counts[Outcome.CHANGED] + counts[Outcome.LEAVES]
    record(
        Event.PEOPLE_IMPORTED,
        actor=actor,
        created=counts[Outcome.NEW],
        changed=changed,
        disabled=counts[Outcome.DISABLED],
        left_out=counts[Outcome.WRONG],
    )
    return planned


def _with_missing_groups(planned: list[PlannedRow], *, actor: Actor, now: datetime) -> dict[str, Group]:
    """Return all groups by their key, after those that the rows name have been created."""
    known = {group.name_key: group for group in groups.all_groups()}
    for row in planned:
        for name in row.joins:
            if name_key(name) not in known:
                known[name_key(name)] = groups.create(name, actor=actor, now=now)
    return known


def _apply(
    row: PlannedRow,
    options: ImportOptions,
    known: dict[str, Group],
    *,
    invite: bool,
    actor: Actor,
    now: datetime,
) -> None:
    joins = [known[name_key(name)] for name in row.joins]
    if row.outcome is Outcome.NEW and row.profile is not None:
        address = email_addresses.parse(row.profile.email)
        user = accounts.insert_user(
            row.profile, address, password_hash=None, groups=joins, actor=actor, now=now
        )
        if invite:
            invitations.mail_to(user, actor=actor, now=now)
        return
    if row.outcome not in (Outcome.CHANGED, Outcome.DISABLED, Outcome.LEAVES):
        return
    user = db.session.get_one(User, row.user_id)
    if row.outcome is Outcome.DISABLED:
        accounts.disable(user, actor=actor, now=now)
    elif row.outcome is Outcome.LEAVES:
        groups.remove_member(db.session.get_one(Group, options.group_id), user, actor=actor)
    elif row.profile is not None:
        accounts.edit(user, row.profile, actor=actor, now=now)
        for group in joins:
            groups.add_member(group, user, actor=actor, now=now)
