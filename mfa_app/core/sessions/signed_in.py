"""The result of a login step: a session and the token that only the browser holds."""

from dataclasses import dataclass

from mfa_app.core.common.actor import Actor
from mfa_app.models import AuthSession, RememberedDevice, User


@dataclass(frozen=True)
class SignedIn:
    """A session that has just started or stepped up, with the token that only the browser may hold.

    `signed_in_fully`: nothing stands between the person and the own pages, neither a code nor linking.
    `wrong_codes`: so many in a row came before the code of this login.
    """

    token: str
    session: AuthSession
    user: User
    device: tuple[str, RememberedDevice] | None = None
    signed_in_fully: bool = True
    wrong_codes: int = 0


def as_user(actor: Actor, user: User) -> Actor:
    """Return the actor as this person, where the request came from a visitor."""
    return Actor("person", user.email, user.id, user.role, actor.ip_address, actor.user_agent)
