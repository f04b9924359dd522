"""Words for where somebody stands with 2-factor authentication, short enough for a column."""

from dataclasses import dataclass

from flask_babel import gettext as _

from mfa_app.core.common import days
from mfa_app.core.policy.decision import Decision, Reason, Verdict
from mfa_app.wording import dates


@dataclass(frozen=True)
class ShownStanding:
    """A standing in words, and the tone in which pages show it."""

    text: str
    tone: str


def standing_of(decision: Decision) -> ShownStanding:
    """Return a decision of `core/users/standings` in words: "Must link by 3 Dec 2026"."""
    because, verdict = decision.because, decision.verdict
    if verdict is Verdict.CHALLENGE:
        return ShownStanding(_("On, by choice") if because.reason is Reason.BY_CHOICE else _("On"), "good")
    if verdict is not Verdict.ALLOW:
        passkey = verdict is Verdict.ADD_PASSKEY
        return ShownStanding(_("Must add a passkey now") if passkey else _("Must link now"), "bad")
    if because.reason is Reason.EXEMPT and because.until:
        last = days.last_before(because.until)
        return ShownStanding(_("Exempt until %(date)s", date=dates.short_day(last)), "accent")
    if decision.enrol_by:
        last = days.last_before(decision.enrol_by)
        return ShownStanding(_("Must link by %(date)s", date=dates.short_day(last)), "warn")
    return ShownStanding(_("Not required"), "neutral")
