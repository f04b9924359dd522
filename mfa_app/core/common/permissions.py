"""What each role may do, and to whom: the help desk can't act on its own rank, a higher one or itself."""

import enum

from mfa_app.models import Role


class Permission(enum.Enum):
    """One kind of action that a role may have."""

    SEE_USERS = enum.auto()
    RESET_SECOND_FACTOR = enum.auto()
    OPEN_ACCOUNT = enum.auto()
    LET_TRY_AGAIN = enum.auto()
    INVITE_AGAIN = enum.auto()
    END_ACCESS = enum.auto()
    MANAGE_USERS = enum.auto()
    MANAGE_GROUPS = enum.auto()
    MANAGE_POLICY = enum.auto()
    MANAGE_SITE = enum.auto()
    READ_TRAIL = enum.auto()
    BREAK_GLASS = enum.auto()


PERMISSIONS = {
    Role.STAFF: frozenset(),
    Role.HELPDESK: frozenset(
        {
            Permission.SEE_USERS,
            Permission.RESET_SECOND_FACTOR,
            Permission.OPEN_ACCOUNT,
            Permission.LET_TRY_AGAIN,
            Permission.INVITE_AGAIN,
            Permission.END_ACCESS,
        }
    ),
    Role.ADMIN: frozenset(Permission),
}

_RANK = {Role.STAFF: 0, Role.HELPDESK: 1, Role.ADMIN: 2}


def may(role: Role | None, permission: Permission) -> bool:
    """Return True if a role has a permission."""
    return role is not None and permission in PERMISSIONS[Role(role)]


def visible_roles(role: Role | None) -> frozenset[Role]:
    """Return the roles of the users that this role may see and act on."""
    if role == Role.ADMIN:
        return frozenset(Role)
    return frozenset(other for other in Role if role is not None and _RANK[other] < _RANK[Role(role)])
