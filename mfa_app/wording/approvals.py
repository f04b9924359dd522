"""Words for resets that another helper has to approve: why they are risky, and what has become of one."""

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from mfa_app.core.audit.events import Event
from mfa_app.core.helpdesk.approval_list import Story
from mfa_app.core.helpdesk.caller_check import CallerCheck, Way
from mfa_app.core.helpdesk.risk import REPEATED_WITHIN, Risk
from mfa_app.wording.caller_check import CHOICES, called_back_on

_RISKS = {
    Risk.PRIVILEGED: _l("this person is an administrator or of the help desk"),
    Risk.REPEATED: _l("this person was reset within the last %(days)s days", days=REPEATED_WITHIN.days),
    Risk.AFTER_HOURS: _l("it is outside office hours"),
}


def risks_in_words(risks: Iterable[Risk]) -> str:
    """Return why a reset is risky, as the end of a sentence."""
    return "; ".join(str(_RISKS[risk]) for risk in risks)


def check_in_words(check: CallerCheck, number: str | None) -> str:
    """Return how the caller was checked, in the words of the form, with the number in the directory."""
    if check.way is Way.CALLED_BACK:
        return called_back_on(number)
    return check.note or str(CHOICES[check.way])


def outcome(story: Story, name: str) -> str:
    """Return what has become of the reset of a person that waited for an approval."""
    if not story.asked_by:
        return _("Nobody has asked for an approval.")
    if not story.since:
        return _(
            "Nobody approved it in time, or the account has changed since. Ask again if it is still needed."
        )
    last = story.since[0]
    if last.event == Event.APPROVAL_STOPPED.label and story.was_reset:
        return _(
            "It was too late to stop it: 2-factor authentication had been reset by then. %(name)s has locked "
            "the account, and the administrators have been told. Someone may have pretended to be %(name)s.",
            name=name,
        )
    if last.event == Event.APPROVAL_STOPPED.label:
        return _(
            "%(name)s has stopped it and locked the account. The administrators have been told. Someone may "
            "have pretended to be %(name)s.",
            name=name,
        )
    if last.event == Event.RESET_REQUEST_STOPPED.label:
        return _(
            "%(name)s has stopped the request: it wasn't them. Don't reset anything for the caller. Call "
            "%(name)s back on the number in the directory.",
            name=name,
        )
    if last.event == Event.APPROVAL_REFUSED.label:
        reason = last.details["reason"]
        return _("%(actor)s refused it: %(reason)s", actor=last.actor_name, reason=reason)
    return _("%(actor)s has reset 2-factor authentication.", actor=last.actor_name or _("The terminal"))
