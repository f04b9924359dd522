"""Words for what a change does to one person: in a sentence, and in a cell of a list."""

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.core.policy.decision import Decision, PolicyFacts, Reason, Verdict
from mfa_app.core.policy.foresight import Foresight
from mfa_app.core.policy.levels import Level
from mfa_app.models import LinkProof
from mfa_app.wording import dates
from mfa_app.wording.policy import why_others_are_asked


def foresight_sentences(foreseen: Sequence[Foresight]) -> list[str]:
    """Return what a change does to each person who notices it, and how many don't."""
    noticed = [foresight_sentence(one) for one in foreseen if one.changes]
    unchanged = len(foreseen) - len(noticed)
    if unchanged and noticed:
        rest = ngettext(
            "Nothing changes for %(num)s other person at the login.",
            "Nothing changes for %(num)s other people at the login.",
            unchanged,
        )
        return [*noticed, rest]
    return noticed


def foresight_sentence(foresight: Foresight) -> str:
    """Return what a change does to a person: "Daan will no longer be asked for a code."."""
    user, after = foresight.subject.user, foresight.after
    words = {"name": user.name or user.email, "reason": why_others_are_asked(after.because)}
    if not foresight.changes:
        return _("Nothing changes for %(name)s at the login.", **words)
    if after.verdict is Verdict.ALLOW:
        return _asked_later(foresight.before, after, words)
    if after.verdict is Verdict.AWAIT_LINK and foresight.facts.link_required:
        if foresight.facts.link_proof == LinkProof.EMAIL_CODE:
            return _("%(name)s will need a code by email before anything else opens: %(reason)s.", **words)
        return _("%(name)s will need an access pass before anything else opens: %(reason)s.", **words)
    if after.verdict is Verdict.AWAIT_LINK:
        return _(
            "%(name)s will need a link to set up an app or passkey before anything else opens: %(reason)s.",
            **words,
        )
    if after.verdict is Verdict.CHALLENGE:
        return _asked_at_once(foresight.before, after, foresight.facts, words)
    if foresight.facts.linked:
        return _("%(name)s must add a passkey at the next click or login: %(reason)s.", **words)
    return _("%(name)s must link an app or add a passkey at the next click or login: %(reason)s.", **words)


def _asked_at_once(before: Decision, after: Decision, facts: PolicyFacts, words: dict[str, str]) -> str:
    if after.level is Level.PHISHING_RESISTANT and not facts.passkey:
        return _(
            "%(name)s will enter a code at the next click or login, and must then add a passkey: %(reason)s.",
            **words,
        )
    if after.level is Level.PHISHING_RESISTANT:
        return _("%(name)s will be asked for a passkey from the next click or login on: %(reason)s.", **words)
    if after.passkey is not None and after.passkey.by is not None:
        day = dates.day(after.passkey.by)
        return _(
            "%(name)s will be asked for a code from the next click or login on, "
            "and for a passkey from %(day)s on: %(reason)s.",
            day=day,
            **words,
        )
    if before.verdict is Verdict.CHALLENGE and before.level is after.level:
        return _("%(name)s is asked for a code as before: %(reason)s.", **words)
    return _("%(name)s will be asked for a code from the next click or login on: %(reason)s.", **words)


def _asked_later(before: Decision, after: Decision, words: dict[str, str]) -> str:
    if after.enrol_by is not None:
        moment = dates.time_of_day(after.enrol_by)
        return _(
            "%(name)s must link an app or add a passkey by %(moment)s: %(reason)s.", moment=moment, **words
        )
    if after.because.until is not None and after.because.reason is not Reason.EXEMPT:
        day = dates.day(after.because.until)
        return _("%(name)s will be asked for a code from %(day)s on: %(reason)s.", day=day, **words)
    if before.enrol_by is not None:
        moment = dates.time_of_day(before.enrol_by)
        return _(
            "%(name)s will no longer have to link an app or add a passkey by %(moment)s.",
            moment=moment,
            **words,
        )
    return _("%(name)s will no longer be asked for a code.", **words)


def standing_cell(decision: Decision, facts: PolicyFacts) -> str:
    """Return in a few words what a decision about a login by password alone means for a person."""
    if decision.verdict is Verdict.ALLOW:
        return _not_asked(decision)
    if decision.verdict is Verdict.CHALLENGE and decision.level is Level.PHISHING_RESISTANT:
        return _("Asked for a passkey") if facts.passkey else _("Must add a passkey, after a code")
    if (
        decision.verdict is Verdict.CHALLENGE
        and not facts.passkey
        and decision.passkey
        and decision.passkey.by
    ):
        return _(
            "Asked for a code; must add a passkey by %(day)s", day=dates.time_of_day(decision.passkey.by)
        )
    if decision.verdict is Verdict.CHALLENGE:
        return _("Asked for a code")
    if decision.verdict is Verdict.AWAIT_LINK and facts.link_required:
        by_email = facts.link_proof == LinkProof.EMAIL_CODE
        return _("Needs a code by email") if by_email else _("Needs an access pass")
    if decision.verdict is Verdict.AWAIT_LINK:
        return _("Needs a link to set up an app or passkey")
    return _("Must set up an app or passkey now")


def _not_asked(decision: Decision) -> str:
    because = decision.because
    if because.reason is Reason.EXEMPT and because.until:
        return _("Exempt until %(day)s", day=dates.day(because.until))
    if decision.enrol_by:
        return _("Must set up an app or passkey by %(day)s", day=dates.time_of_day(decision.enrol_by))
    if because.until:
        return _("Asked from %(day)s", day=dates.day(because.until))
    return _("Not asked")
