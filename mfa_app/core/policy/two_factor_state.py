"""The state that lists show of somebody's 2FA: what is decided about a login by password, in one word."""

import enum

from mfa_app.core.policy.decision import Decision, Reason, Verdict
from mfa_app.core.policy.levels import Level


class TwoFactorState(enum.StrEnum):
    """Where somebody stands with 2FA. The values are in addresses.

    On, by a rule or by choice; must link an app now, or by a date; must add a passkey now, whether there is
    an app or not; exempt; not required. core/policy/state_lists finds those who are in each.
    """

    ON = "on"
    BY_CHOICE = "by-choice"
    LINK_NOW = "link-now"
    LINK_LATER = "link-later"
    ADD_PASSKEY = "add-passkey"
    EXEMPT = "exempt"
    NOT_REQUIRED = "not-required"


def state_of(decision: Decision, *, has_passkey: bool) -> TwoFactorState:
    """Return the state of somebody about whom this is decided when a password alone is shown."""
    reason = decision.because.reason
    if decision.verdict is Verdict.ALLOW:
        if reason is Reason.EXEMPT:
            return TwoFactorState.EXEMPT
        return TwoFactorState.LINK_LATER if decision.enrol_by else TwoFactorState.NOT_REQUIRED
    if decision.level is Level.PHISHING_RESISTANT and not has_passkey:
        return TwoFactorState.ADD_PASSKEY
    if decision.verdict is Verdict.CHALLENGE:
        return TwoFactorState.BY_CHOICE if reason is Reason.BY_CHOICE else TwoFactorState.ON
    return TwoFactorState.LINK_NOW
