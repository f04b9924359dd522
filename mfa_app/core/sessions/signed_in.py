"""The result of a login step: a session and the token that only the browser holds."""

from dataclasses import dataclass

from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.policy.decision import Verdict
from mfa_app.core.sessions.ended_access import EndedAccess
from mfa_app.models.row_facts import AnyUser, DeviceFacts, SessionFacts


@dataclass(frozen=True)
class SignedIn:
    """A session that has just started or been elevated, with the token that only the browser may hold.

    `verdict` is what the session opens; None if access was revoked meanwhile. `wrong_codes`: how many wrong
    codes in a row came before the right one. `device`: the secret and the row of a device remembered by this
    login. `recovered`: by what stands in for a lost factor. `known_again`: the browser was known until this
    login renewed the hash of the password. `ended` is what ended the user's sessions before, if
    that is still to be told.
    """

    token: str
    session: SessionFacts
    user: AnyUser
    device: tuple[str, DeviceFacts] | None = None
    verdict: Verdict | None = Verdict.ALLOW
    wrong_codes: int = 0
    recovered: bool = False
    known_again: bool = False
    ended: EndedAccess | None = None

    @property
    def signed_in_fully(self) -> bool:
        """Whether the user needs neither a code nor an enrolment."""
        return self.verdict is Verdict.ALLOW


def as_user(actor: Actor, user: AnyUser) -> Actor:
    """Return the visitor's actor as this user, keeping IP address and user agent."""
    return Actor(
        ActorKind.PERSON,
        user.email,
        user.id,
        user.role,
        actor.ip_address,
        actor.user_agent,
        user.security_stamp,
        user.help_limited,
    )
