"""An answer to the second gate, whatever factor it comes from: at a login, or to confirm in a session."""

from mfa_app.core.common import clock
from mfa_app.core.login import code_step, reauthentication
from mfa_app.core.sessions.sessions import Identity
from mfa_app.core.sessions.signed_in import SignedIn
from mfa_app.web.security.cookies import browser_facts
from mfa_app.web.security.current import current_actor


def answer_challenge(identity: Identity, answer: str, *, remember: bool = False) -> SignedIn:
    """Complete a login. Raises the refusals of `code_step.answer_challenge`."""
    return code_step.answer_challenge(
        identity,
        answer,
        remember=remember,
        browser=browser_facts(),
        actor=current_actor(),
        now=clock.now(),
    )


def confirm(identity: Identity, answer: str) -> SignedIn:
    """Confirm that it is still the same person. Raises the refusals of `reauthentication.confirm_by_code`."""
    return reauthentication.confirm_by_code(identity, answer, actor=current_actor(), now=clock.now())
