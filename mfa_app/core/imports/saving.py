"""Does what the rows of an import say, in sets and in one transaction: all of it, or nothing.

The actions on a single account or group say what each change means (`core/users/accounts.py`,
`core/groups/groups.py`). A test imports the same file both ways and compares all tables.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, literal, or_, select, true, update

from mfa_app.core.audit import chain
from mfa_app.core.audit.events import Event, record, row_of
from mfa_app.core.common import days
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import ImportStale, NotAllowed, SessionEnded
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.groups import groups
from mfa_app.core.imports.plan import BATCH, Mode, Outcome, Problem
from mfa_app.core.imports.row_sets import ROWS, joined_groups, rows_with, words_of_row
from mfa_app.core.imports.state import State, actor_of
from mfa_app.core.sessions.revocation import COUNTED, RevocationReason, revoke_access_of_all
from mfa_app.core.users.accounts import Profile, changed_entries, edit_details
from mfa_app.extensions import db
from mfa_app.models import Group, Membership, PeopleImport, SearchWord, User
from mfa_app.models.column_types import UtcDateTime
from mfa_app.models.database import table_of
from mfa_app.models.row_facts import EventFacts

USERS, GROUPS = table_of(User), table_of(Group)
MEMBERS, WORDS = table_of(Membership), table_of(SearchWord)

_DOING = (Outcome.NEW, Outcome.CHANGED, Outcome.DISABLED, Outcome.LEAVES)

_FOR_THE_TRAIL = [
    ROWS.c[name]
    for name in (
        *("position", "outcome", "user_id", "email", "name", "role", "ends_at", "directory_number", "joins"),
        *("was_name", "was_ends_at", "was_directory_number"),
    )
]

_OF_A_PERSON = ("email", "email_key", "name", "name_key", "role", "ends_at", "directory_number")


def save(an_import: PeopleImport, *, now: datetime) -> chain.Batch:
    """Do what was previewed, within a transaction that the caller commits. Return the rows of the trail.

    No other process may be saving the import, which is DONE then. Raises ImportStale, and nothing was done.
    """
    actor = actor_of(an_import)
    try:
        begin_change(actor, Permission.MANAGE_USERS)
    except (NotAllowed, SessionEnded):
        raise ImportStale("access") from None
    _require_unchanged(an_import)
    names, missing = _groups(an_import, actor)
    an_import.state, an_import.finished_at, an_import.worker = State.DONE, now, None
    if an_import.spares_leavers:
        _spare_leavers(an_import)
    if an_import.counts.keys().isdisjoint(_DOING):
        return chain.Batch([])
    for name in missing:
        created = groups.create(name, actor=actor, now=now)
        names[created.name_key] = created.name
    _add_people(an_import.id, now)
    _edit_people(an_import.id)
    _join_groups(an_import.id, now)
    _leave_group(an_import)
    ended = _disable_people(an_import.id, actor, now)
    batch = chain.Batch(_events(an_import, names, ended, actor, now))
    chain.append_batch(batch)
    _record_import(an_import, actor)
    an_import.invited_up_to = -1 if an_import.invite and an_import.counts.get(Outcome.NEW) else None
    return batch


def _ids(import_id: str, outcome: Outcome) -> Any:
    return select(ROWS.c.user_id).where(rows_with(import_id, outcome))


def _spare_leavers(an_import: PeopleImport) -> None:
    """Let the people whom the file does not name keep their accounts."""
    spared = update(ROWS).where(rows_with(an_import.id, Outcome.DISABLED))
    db.session.execute(spared.values(outcome=Outcome.KEPT.value, problem=Problem.NOT_TICKED.value))
    counts = Counter(an_import.counts)
    counts[Outcome.KEPT] += counts.pop(Outcome.DISABLED, 0)
    an_import.counts = dict(+counts)


def _require_unchanged(an_import: PeopleImport) -> None:
    """Raise ImportStale unless everyone and each group is as it was when the file was compared."""
    if an_import.mode == Mode.REPLACE and an_import.group_id is None:
        raise ImportStale("replaced group")
    is_new, is_present = (rows_with(an_import.id, Outcome.NEW), rows_with(an_import.id, *_DOING[1:]))
    moved = _differs_from_account(ROWS.outerjoin(USERS, USERS.c.id == ROWS.c.user_id), is_present)
    taken = select(ROWS.c.email).join(USERS, USERS.c.email_key == ROWS.c.email_key).where(is_new)
    each = joined_groups()
    joined = (
        select(ROWS.c.email)
        .select_from(
            ROWS.join(each, true())
            .join(GROUPS, GROUPS.c.name_key == each.c.key)
            .join(MEMBERS, and_(MEMBERS.c.user_id == ROWS.c.user_id, MEMBERS.c.group_id == GROUPS.c.id))
        )
        .where(rows_with(an_import.id, Outcome.CHANGED))
    )
    is_member = exists().where(MEMBERS.c.user_id == ROWS.c.user_id, MEMBERS.c.group_id == an_import.group_id)
    left = select(ROWS.c.email).where(rows_with(an_import.id, Outcome.LEAVES), ~is_member)
    for statement in (moved, taken, joined, left):
        if (email := db.session.scalar(statement.limit(1))) is not None:
            raise ImportStale("people", email)


def _differs_from_account(both: Any, is_present: ColumnElement[bool]) -> Any:
    """Return the SELECT of the addresses of those whose accounts are not as they were."""
    entries = ("name", "ends_at", "directory_number")
    edited = [USERS.c[name].is_distinct_from(ROWS.c[f"was_{name}"]) for name in entries]
    return (
        select(ROWS.c.email)
        .select_from(both)
        .where(
            is_present,
            or_(
                USERS.c.id.is_(None),
                USERS.c.email != ROWS.c.email,
                USERS.c.role != ROWS.c.role,
                and_(ROWS.c.outcome == Outcome.CHANGED, or_(*edited)),
                and_(ROWS.c.outcome == Outcome.DISABLED, USERS.c.disabled_at.is_not(None)),
            ),
        )
    )


def _groups(an_import: PeopleImport, actor: Actor) -> tuple[dict[str, str], list[str]]:
    """Return the names of all groups by their keys, and the names of groups to be created.

    Raises ImportStale if one is missing that was there when the file was compared, or if somebody joins or
    leaves one and the actor may not manage groups.
    """
    names = {group.name_key: group.name for group in groups.all_groups()}
    each = joined_groups()
    doing = rows_with(an_import.id, Outcome.NEW, Outcome.CHANGED)
    named = select(each.c.key, func.min(each.c.value)).select_from(ROWS.join(each, true())).where(doing)
    wanted = db.session.execute(named.group_by(each.c.key).order_by(each.c.key)).all()
    moves = wanted or an_import.counts.get(Outcome.LEAVES)
    if moves and not actor.may(Permission.MANAGE_GROUPS):
        raise ImportStale("access")
    missing = {key: name for key, name in wanted if key not in names}
    for key, name in missing.items():
        if key not in (an_import.creates or ()):
            raise ImportStale("groups", name)
    return names, list(missing.values())


def _add_people(import_id: str, now: datetime) -> None:
    is_new = rows_with(import_id, Outcome.NEW)
    columns = [ROWS.c[name] for name in _OF_A_PERSON]
    people = select(*columns, literal(now, UtcDateTime())).where(is_new).order_by(ROWS.c.position)
    db.session.execute(insert(USERS).from_select([*_OF_A_PERSON, "created_at"], people))
    found = select(USERS.c.id).where(USERS.c.email_key == ROWS.c.email_key).scalar_subquery()
    db.session.execute(update(ROWS).where(is_new).values(user_id=found))
    _write_words(is_new)


def _edit_people(import_id: str) -> None:
    is_changed = rows_with(import_id, Outcome.CHANGED)
    values = {name: ROWS.c[name] for name in ("name", "name_key", "ends_at", "directory_number")}
    db.session.execute(update(USERS).where(USERS.c.id == ROWS.c.user_id, is_changed).values(values))
    renamed = and_(is_changed, ROWS.c.words.is_not(None))
    db.session.execute(delete(WORDS).where(WORDS.c.user_id.in_(select(ROWS.c.user_id).where(renamed))))
    _write_words(renamed)


def _write_words(which: ColumnElement[bool]) -> None:
    words = words_of_row()
    found = (
        select(words.c.value, ROWS.c.user_id, USERS.c.email_key)
        .select_from(ROWS.join(USERS, USERS.c.id == ROWS.c.user_id).join(words, true()))
        .where(which)
        .order_by(words.c.value, ROWS.c.user_id)
    )
    db.session.execute(insert(WORDS).from_select(["word", "user_id", "email_key"], found))


def _join_groups(import_id: str, now: datetime) -> None:
    each = joined_groups()
    found = (
        select(ROWS.c.user_id, GROUPS.c.id, literal(now, UtcDateTime()))
        .select_from(ROWS.join(each, true()).join(GROUPS, GROUPS.c.name_key == each.c.key))
        .where(rows_with(import_id, Outcome.NEW, Outcome.CHANGED))
        .order_by(ROWS.c.user_id, GROUPS.c.id)
    )
    db.session.execute(insert(MEMBERS).from_select(["user_id", "group_id", "joined_at"], found))


def _leave_group(an_import: PeopleImport) -> None:
    leaving = MEMBERS.c.user_id.in_(_ids(an_import.id, Outcome.LEAVES))
    db.session.execute(delete(MEMBERS).where(MEMBERS.c.group_id == an_import.group_id, leaving))


def _disable_people(import_id: str, actor: Actor, now: datetime) -> dict[int, dict[Event, int]]:
    whom = _ids(import_id, Outcome.DISABLED)
    db.session.execute(update(USERS).where(USERS.c.id.in_(whom)).values(disabled_at=now))
    return revoke_access_of_all(whom, because=RevocationReason.DISABLED, actor=actor)


def _record_import(an_import: PeopleImport, actor: Actor) -> None:
    def count(*outcomes: Outcome) -> int:
        return sum(an_import.counts.get(outcome, 0) for outcome in outcomes)

    created = count(Outcome.NEW)
    record(
        Event.PEOPLE_IMPORTED,
        actor=actor,
        created=created,
        changed=count(Outcome.CHANGED, Outcome.LEAVES),
        disabled=count(Outcome.DISABLED),
        left_out=count(Outcome.WRONG),
        invited=created if an_import.invite else 0,
    )


def _events(
    an_import: PeopleImport,
    names: dict[str, str],
    ended: dict[int, dict[Event, int]],
    actor: Actor,
    now: datetime,
) -> Iterator[EventFacts]:
    """Yield the events of each person, as the actions on single accounts record them."""
    replaced = db.session.scalar(select(GROUPS.c.name).where(GROUPS.c.id == an_import.group_id)) or ""
    for row in _rows(an_import.id):
        if row.outcome == Outcome.NEW:
            found = _of_a_new_person(row, names)
        elif row.outcome == Outcome.CHANGED:
            found = _of_changes(row, names)
        else:
            found = _of_an_end(row, replaced, ended)
        for event, details in found:
            yield row_of(event, row.user_id, row.email, actor=actor, at=now, details=details)


def _rows(import_id: str) -> Iterator[Any]:
    statement = (
        select(*_FOR_THE_TRAIL).where(rows_with(import_id, *_DOING)).order_by(ROWS.c.position).limit(BATCH)
    )
    after = -1
    while batch := db.session.execute(statement.where(ROWS.c.position > after)).all():
        after = batch[-1].position
        yield from batch


Found = Iterator[tuple[Event, dict[str, Any]]]


def _of_a_new_person(row: Any, names: dict[str, str]) -> Found:
    yield Event.USER_CREATED, {"role": row.role, "groups": [names[key] for key in row.joins]}
    if entries := changed_entries(_profile(None, None), _profile(row.ends_at, row.directory_number)):
        yield Event.USER_EDITED, edit_details(entries)


def _of_changes(row: Any, names: dict[str, str]) -> Found:
    if row.name != row.was_name:
        yield Event.USER_EDITED, edit_details({"name": (row.was_name, row.name)})
    before = _profile(row.was_ends_at, row.was_directory_number)
    if entries := changed_entries(before, _profile(row.ends_at, row.directory_number)):
        yield Event.USER_EDITED, edit_details(entries)
    for key in row.joins:
        yield Event.MEMBER_ADDED, {"group": names[key]}


def _of_an_end(row: Any, replaced: str, ended: dict[int, dict[Event, int]]) -> Found:
    if row.outcome == Outcome.LEAVES:
        yield Event.MEMBER_REMOVED, {"group": replaced}
        return
    yield Event.USER_DISABLED, {}
    counts = ended.get(row.user_id, {})
    for event in filter(counts.get, COUNTED.values()):
        yield event, {"count": counts[event], "because": RevocationReason.DISABLED.value}


def _profile(ends_at: datetime | None, number: str | None) -> Profile:
    last_day = days.last_before(ends_at) if ends_at else None
    return Profile("", "", last_day=last_day, directory_number=number)
