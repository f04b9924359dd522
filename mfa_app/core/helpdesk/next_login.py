"""What a reset makes of somebody's next login: the one answer for forms, emails and the terminal."""

import enum
from dataclasses import replace
from datetime import datetime

from mfa_app.core.operations import site_values
from mfa_app.core.policy import asked_proof
from mfa_app.core.policy.decision import Verdict, decide
from mfa_app.core.policy.levels import Level
from mfa_app.core.policy.subject_facts import policy_facts
from mfa_app.models import LinkProof, User
from mfa_app.settings.values import ResetLeadsTo


class NextLogin(enum.StrEnum):
    """What the next login of somebody takes after a reset.

    LINK: the password, then linking. EXEMPT: the password alone, until the exemption ends. NONE: nobody can
    log in, because the account is closed or has no password.
    """

    LINK = "link"
    EMAIL_CODE = "email-code"
    ACCESS_PASS = "access-pass"
    EXEMPT = "exempt"
    NONE = "none"


def proof_after_reset() -> LinkProof | None:
    """Return what linking takes after a reset, as set now: a pass where no code could be emailed."""
    leads_to = site_values.current().reset_leads_to
    if leads_to is ResetLeadsTo.LINK:
        return None
    return asked_proof.possible(LinkProof(leads_to.value))


def after_reset(user: User, *, now: datetime) -> NextLogin:
    """Return what the next login of a user takes who is reset now, or was a moment ago. No SELECT."""
    return _next_login(user, proof_after_reset(), now)


def since_reset(user: User, *, now: datetime) -> NextLogin:
    """Return what the next login takes of a user who was reset before, by what was noted then. No SELECT."""
    return _next_login(user, asked_proof.of_user(user), now)


def _next_login(user: User, proof: LinkProof | None, now: datetime) -> NextLogin:
    """Decide it: of all that the policy knows only the role and an exemption count after a reset."""
    if not user.is_open(now) or user.password_hash is None:
        return NextLogin.NONE
    facts = policy_facts(user, apps=False, passkeys=False, rules=())
    facts = replace(facts, link_required=True, link_proof=proof)
    if decide(facts, shown=Level.PASSWORD, now=now).verdict is Verdict.ALLOW:
        return NextLogin.EXEMPT
    return NextLogin(proof) if proof else NextLogin.LINK
