"""Who does something, and from where: the argument of every action that changes something."""

import enum
from dataclasses import dataclass

from mfa_app.core.common.errors import NotAllowed
from mfa_app.core.common.permissions import Permission, may, visible_roles
from mfa_app.models import Role, User


class ActorKind(enum.StrEnum):
    """Who acts. The values are stored on the trail, so they never change."""

    PERSON = "person"  # a user who is logged in
    VISITOR = "visitor"  # someone who is not logged in
    TERMINAL = "terminal"  # the command line, which may do everything
    SETUP = "setup"  # the person who opened the set-up link, before there is any account
    SITE = "site"  # the site itself, in its timed work


@dataclass(frozen=True)
class Actor:
    """Who does something, and from where. Only a PERSON has an id, a role and a security stamp.

    `limited`: as help desk, sees only the people of certain groups.
    """

    kind: ActorKind
    name: str = ""
    user_id: int | None = None
    role: Role | None = None
    ip_address: str = ""
    user_agent: str = ""
    security_stamp: int | None = None
    limited: bool = False

    @property
    def is_terminal(self) -> bool:
        """Whether this is the command line: whoever can run it owns the installation."""
        return self.kind == ActorKind.TERMINAL

    @property
    def may_have_scope(self) -> bool:
        """Whether this is someone of the help desk: nobody else can be limited to certain groups."""
        return self.role == Role.HELPDESK

    @property
    def scope_of(self) -> int | None:
        """The id of the user whose scope limits what this actor sees; None if nothing does."""
        return self.user_id if self.limited and self.may_have_scope else None

    def may(self, permission: Permission) -> bool:
        """Return True if the actor has a permission."""
        return self.is_terminal or may(self.role, permission)

    def visible_roles(self) -> frozenset[Role]:
        """Return the roles of the users that the actor may see."""
        return frozenset(Role) if self.is_terminal else visible_roles(self.role)

    def may_act_on(self, subject: User) -> bool:
        """Return True if the actor may change this user's account at all."""
        if self.is_terminal:
            return True
        return self.user_id != subject.id and Role(subject.role) in visible_roles(self.role)

    def may_loosen(self, subject: User) -> bool:
        """Return True if the actor may lift a requirement of this user: nobody can lift their own."""
        return self.is_terminal or self.user_id != subject.id

    def require(self, permission: Permission, subject: User | None = None) -> None:
        """Raise NotAllowed unless the actor has the permission and may use it on this user."""
        if not self.may(permission):
            raise NotAllowed
        if subject is not None and not self.may_act_on(subject):
            raise NotAllowed


SITE = Actor(ActorKind.SITE)
