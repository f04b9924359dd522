"""Imports of people: files that are kept, and the same done by actions on single accounts and groups."""

from collections.abc import Iterable

from mfa_app.core.common.actor import Actor
from mfa_app.core.common.email_addresses import name_key
from mfa_app.core.groups import groups
from mfa_app.core.imports import import_job, stored
from mfa_app.core.imports.plan import ImportOptions, Outcome, PlannedRow
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.core.users import accounts
from mfa_app.extensions import db
from mfa_app.models import Group, PeopleImport, User
from tests.support.world import VISITOR, World


def importer(world: World) -> Actor:
    """Return Carol, an administrator, as she is now."""
    return as_user(VISITOR, world.user("carol"))


def uploaded(
    world: World, file: str, options: ImportOptions | None = None, *, invite: bool = False
) -> PeopleImport:
    """Let Carol upload a file; return its import."""
    options = options or ImportOptions()
    kept = stored.upload(
        file.encode(), "people.csv", options, invite=invite, actor=importer(world), now=world.clock()
    )
    db.session.commit()
    return kept


def started(world: World, kept: PeopleImport) -> PeopleImport:
    """Let Carol ask for an import to be saved, and its job run; return it as it is then."""
    stored.start(kept, actor=importer(world), now=world.clock())
    db.session.commit()
    import_job.go_on(now=world.clock())
    db.session.refresh(kept)
    return kept


def done_singly(planned: Iterable[PlannedRow], options: ImportOptions, *, actor: Actor, world: World) -> None:
    """Do what planned rows say, by the actions on single accounts and groups."""
    for row in planned:
        joins = [known_group(name, actor, world) for name in row.joins]
        if row.outcome is Outcome.NEW:
            assert row.profile is not None
            accounts.create(row.profile, groups=joins, password=None, actor=actor, now=world.clock())
        elif row.outcome in (Outcome.CHANGED, Outcome.DISABLED, Outcome.LEAVES):
            change(db.session.get_one(User, row.user_id), row, joins, options, actor=actor, world=world)


def change(
    user: User, row: PlannedRow, joins: list[Group], options: ImportOptions, *, actor: Actor, world: World
) -> None:
    """Do what a planned row says about somebody who has an account."""
    now = world.clock()
    if row.outcome is Outcome.DISABLED:
        accounts.disable(user, actor=actor, now=now)
    elif row.outcome is Outcome.LEAVES:
        groups.remove_member(db.session.get_one(Group, options.group_id), user, actor=actor)
    elif row.profile is not None:
        accounts.edit(user, row.profile, actor=actor, now=now)
        for group in joins:
            groups.add_member(group, user, actor=actor, now=now)


def known_group(name: str, actor: Actor, world: World) -> Group:
    """Return the group of this name, which is created if there is none."""
    found = {group.name_key: group for group in groups.all_groups()}.get(name_key(name))
    return found or groups.create(name, actor=actor, now=world.clock())
