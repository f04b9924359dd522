"""Words for where somebody stands with 2-factor authentication, short enough for a column."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from mfa_app.core.policy.decision import Decision
from mfa_app.core.policy.two_factor_state import TwoFactorState, state_of
from mfa_app.wording import dates

STATES = {
    TwoFactorState.ON: _l("On"),
    TwoFactorState.BY_CHOICE: _l("On, by choice"),
    TwoFactorState.LINK_NOW: _l("Must link now"),
    TwoFactorState.LINK_LATER: _l("Must link by a date"),
    TwoFactorState.ADD_PASSKEY: _l("Must add a passkey now"),
    TwoFactorState.EXEMPT: _l("Exempt"),
    TwoFactorState.NOT_REQUIRED: _l("Not required"),
}

TONES = {
    TwoFactorState.ON: "good",
    TwoFactorState.BY_CHOICE: "good",
    TwoFactorState.LINK_NOW: "bad",
    TwoFactorState.LINK_LATER: "warn",
    TwoFactorState.ADD_PASSKEY: "bad",
    TwoFactorState.EXEMPT: "accent",
    TwoFactorState.NOT_REQUIRED: "neutral",
}


@dataclass(frozen=True)
class ShownStanding:
    """A standing in words, and the tone in which pages show it."""

    text: str
    tone: str


def standing_of(decision: Decision, *, has_passkey: bool) -> ShownStanding:
    """Return a decision of `core/users/standings` in words: "Must link by 3 Dec 2026"."""
    state = state_of(decision, has_passkey=has_passkey)
    if state is TwoFactorState.EXEMPT and decision.because.until:
        last = dates.short_last_day(decision.because.until)
        return ShownStanding(_("Exempt until %(date)s", date=last), TONES[state])
    if state is TwoFactorState.LINK_LATER and decision.enrol_by:
        last = dates.short_last_day(decision.enrol_by)
        return ShownStanding(_("Must link by %(date)s", date=last), TONES[state])
    return ShownStanding(str(STATES[state]), TONES[state])
