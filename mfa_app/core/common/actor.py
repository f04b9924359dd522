"""Who does something, and from where: the argument that every changing verb takes."""

from dataclasses import dataclass

from mfa_app.models import Role


@dataclass(frozen=True)
class Actor:
    """Who does something, and from where.

    `kind` is "person" (with `user_id` and `role`), "visitor" (not logged in), "terminal" (the command line)
    or "site" (nobody: a time limit ran out).
    """

    kind: str
    name: str = ""
    user_id: int | None = None
    role: Role | None = None
    ip_address: str = ""
    user_agent: str = ""


SITE = Actor("site", "Second Gate")
