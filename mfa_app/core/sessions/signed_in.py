"""The result of a login step: a session and the token that only the browser holds."""

from dataclasses import dataclass

from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.models import AuthSession, RememberedDevice, User


@dataclass(frozen=True)
class SignedIn:
    """A session that has just started or been elevated, with the token that only the browser may hold.

    `signed_in_fully`: the user needs neither a code nor an enrolment. `wrong_codes`: how many wrong codes in
    a row came before the right one. `device`: the secret and the row of a device remembered by this login.
    """

    token: str
    session: AuthSession
    user: User
    device: tuple[str, RememberedDevice] | None = None
    signed_in_fully: bool = True
    wrong_codes: int = 0


def as_user(actor: Actor, user: User) -> Actor:
    """Return the visitor's actor as this user, keeping IP address and user agent."""
    return Actor(
        ActorKind.PERSON,
        user.email,
        user.id,
        user.role,
        actor.ip_address,
        actor.user_agent,
        user.security_stamp,
    )
