"""Whom somebody of the help desk looks after: everyone, or the people of certain groups."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, delete, select

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common import scope
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import NotHelpDesk
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.extensions import db
from mfa_app.models import Group, HelpdeskScope, Role, User

EVERYONE = "everyone"  # on the trail


def limit(user: User, groups: Iterable[Group] | None, *, actor: Actor) -> None:
    """Let a user of the help desk see and help only the people of these groups; with None, everyone.

    It counts from the next request on. Groups that have been deleted meanwhile are left out, and with none
    left this user helps nobody. Raises NotAllowed, SessionEnded, NotHelpDesk.
    """
    begin_change(actor, Permission.MANAGE_USERS, user)
    if user.role != Role.HELPDESK:
        raise NotHelpDesk
    before = groups_of(user)
    after = None if groups is None else _present(groups)
    if before == after:
        return
    user.help_limited = after is not None
    db.session.execute(delete(HelpdeskScope).where(HelpdeskScope.user_id == user.id))
    db.session.add_all(HelpdeskScope(user_id=user.id, group_id=group.id) for group in after or ())
    names = {"before": {"helps": _names(before)}, "after": {"helps": _names(after)}}
    record(Event.HELP_LIMITED, actor=actor, subject=user, **names)


def groups_of(user: User) -> list[Group] | None:
    """Return the groups, by name, that a user of the help desk looks after; None for everyone."""
    return groups_of_helper(user.id) if user.help_limited else None


def groups_of_helper(user_id: int) -> list[Group]:
    """Return the groups in the scope of the user with this id, by name."""
    return _sorted(Group.id.in_(scope.groups_of(user_id)))


def _present(groups: Iterable[Group]) -> list[Group]:
    return _sorted(Group.id.in_({group.id for group in groups}))


def _sorted(where: ColumnElement[bool]) -> list[Group]:
    return list(db.session.scalars(select(Group).where(where).order_by(Group.name_key)))


def _names(groups: list[Group] | None) -> object:
    return EVERYONE if groups is None else [group.name for group in groups]
