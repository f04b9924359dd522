"""Words for the policy's decisions: why someone is, or is not, asked for a code."""

import enum
from datetime import datetime

from flask_babel import gettext as _

from mfa_app.core.common import days
from mfa_app.core.policy.decision import (
    Decision,
    PasskeyDemand,
    PolicyFacts,
    PolicySource,
    Reason,
    Verdict,
    decide,
    effective_policy,
)
from mfa_app.core.policy.facts import PolicySubject
from mfa_app.core.policy.levels import Level
from mfa_app.models import LinkProof, User
from mfa_app.wording import dates


class _Asked(enum.Enum):
    """What is asked of somebody once an exemption is over."""

    PASSKEY = enum.auto()
    CODE = enum.auto()
    LINK = enum.auto()
    LINK_LATER = enum.auto()
    NOTHING = enum.auto()


def why(because: PolicySource) -> str:
    """Return the reason for a policy as the end of a sentence: "required by group Finance"."""
    if because.reason is Reason.GROUP:
        return _("required by group %(group)s", group=because.group)
    if because.reason is Reason.EXEMPT and because.until:
        return _("exempt until %(date)s", date=dates.short_day(because.until))
    return {
        Reason.ROLE: _("always required for your role"),
        Reason.RESET: _("required because it was reset"),
        Reason.PERSONAL: _("required for you personally"),
        Reason.EVERYONE: _("required for everyone"),
        Reason.BY_CHOICE: _("by your own choice"),
        Reason.NOT_REQUIRED: _("not required"),
    }[because.reason]


def announcement(facts: PolicyFacts, now: datetime) -> str | None:
    """Return the sentences about what ends or begins on a day: an exemption, or a rule to come."""
    because = effective_policy(facts, now=now).because
    if because.until is None:
        return None
    if because.reason is Reason.EXEMPT:
        return exemption(facts, now)
    day = dates.day(because.until)
    if because.group:
        return _(
            "2-factor authentication will be required by group %(group)s from %(date)s.",
            group=because.group,
            date=day,
        )
    return _("2-factor authentication will be required for everyone from %(date)s.", date=day)


def exemption(facts: PolicyFacts, now: datetime) -> str | None:
    """Return the sentences for somebody who is exempt: until when, and what comes then. None for others."""
    because = effective_policy(facts, now=now).because
    if because.reason is not Reason.EXEMPT or because.until is None:
        return None
    return _(
        "You're exempt until the end of %(date)s: until then you log in with your password alone. %(then)s",
        date=dates.day(because.until),
        then=_after_exemption(decide(facts, shown=Level.PASSWORD, now=because.until)),
    )


def _after_exemption(decision: Decision) -> str:
    """Return the sentence about what follows an exemption, by the decision at its end."""
    day = _link_by(decision)
    return {
        _Asked.PASSKEY: _("After that, you need a passkey to log in."),
        _Asked.CODE: _("After that, you're asked for a code or passkey again."),
        _Asked.LINK: _(
            "After that, you must link an authentication app or add a passkey before you can go on."
        ),
        _Asked.LINK_LATER: _(
            "After that, link an authentication app or add a passkey before %(date)s.", date=day
        ),
        _Asked.NOTHING: _("After that, your password alone is enough as long as no rule asks for more."),
    }[_asked(decision)]


def after_exemption(facts: PolicyFacts, now: datetime) -> str:
    """Return the sentence for somebody whose exemption has ended: what is asked for now."""
    decision = decide(facts, shown=Level.PASSWORD, now=now)
    day = _link_by(decision)
    return {
        _Asked.PASSKEY: _("From now on, you need a passkey to log in."),
        _Asked.CODE: _("From now on, you're asked for a code or passkey again."),
        _Asked.LINK: _(
            "From now on, you must link an authentication app or add a passkey before you can go on."
        ),
        _Asked.LINK_LATER: _("Link an authentication app or add a passkey before %(date)s.", date=day),
        _Asked.NOTHING: _("Your password alone is enough as long as no rule asks for more."),
    }[_asked(decision)]


def _asked(decision: Decision) -> _Asked:
    """Return what a decision after an exemption means for the login by password."""
    if decision.level is Level.PHISHING_RESISTANT and decision.enrol_by is None:
        return _Asked.PASSKEY
    if decision.verdict is Verdict.CHALLENGE:
        return _Asked.CODE
    if decision.verdict is not Verdict.ALLOW:
        return _Asked.LINK
    return _Asked.NOTHING if decision.enrol_by is None else _Asked.LINK_LATER


def _link_by(decision: Decision) -> str:
    return dates.day(decision.enrol_by) if decision.enrol_by else ""


def why_linked(because: PolicySource) -> str | None:
    """Return the sentence that tells on the linking page who asks for one; None if nobody does."""
    if because.reason is Reason.GROUP:
        return _("Your group %(group)s requires 2-factor authentication.", group=because.group)
    return {
        Reason.ROLE: _("Administrators and the help desk always need 2-factor authentication."),
        Reason.RESET: _("Your 2-factor authentication was reset, so link an app again."),
        Reason.PERSONAL: _("2-factor authentication is required for your account."),
        Reason.EVERYONE: _("2-factor authentication is required for everyone."),
    }.get(because.reason)


def why_passkey(demand: PasskeyDemand) -> str:
    """Return the sentence that says which rule wants a passkey, and from when on if that is still to come."""
    group, day = demand.because.group, dates.day(demand.by) if demand.by else None
    if group and day:
        return _("Your group %(group)s accepts passkeys only, from %(date)s.", group=group, date=day)
    if group:
        return _("Your group %(group)s accepts passkeys only.", group=group)
    if day:
        return _("From %(date)s, only passkeys are accepted.", date=day)
    return _("Only passkeys are accepted here.")


def policy_explanation(person: PolicySubject, now: datetime) -> str:
    """Return the sentence that tells others why this person is asked for a code or passkey, or is not."""
    decision = decide(person.facts, shown=Level.PASSWORD, now=now)
    wanted = decision.passkey
    if wanted is None or not person.user.is_open(now) or person.user.factors_locked_at:
        return _explain_codes(person, now)
    name, reason = person.user.name or person.user.email, why_others_are_asked(wanted.because)
    if wanted.by is not None:
        day = dates.day(wanted.by)
        return _(
            "%(codes)s From %(date)s only a passkey counts: %(reason)s.",
            codes=_explain_codes(person, now),
            date=day,
            reason=reason,
        )
    if decision.verdict is Verdict.AWAIT_LINK:
        return _explain_codes(person, now)
    if not person.facts.passkey:
        return _("%(name)s must add a passkey at the next login: %(reason)s.", name=name, reason=reason)
    return _("%(name)s is asked for a passkey, and codes don't count: %(reason)s.", name=name, reason=reason)


def _explain_waiting(person: PolicySubject, name: str) -> str:
    """Return what somebody needs besides the password before linking, and who gives it."""
    if not person.facts.link_required:
        return _(
            "%(name)s can't log in yet: the role needs an authentication app or a passkey. "
            "Send a link to set one up, or, if that isn't possible, reset 2-factor authentication.",
            name=name,
        )
    if person.facts.link_proof == LinkProof.EMAIL_CODE:
        return _(
            "%(name)s can't log in yet: 2-factor authentication was reset, and linking needs a code that is "
            "emailed to them. If emails don't reach them, make an access pass.",
            name=name,
        )
    return _(
        "%(name)s can't log in yet: 2-factor authentication was reset, and linking needs an access pass.",
        name=name,
    )


def _explain_codes(person: PolicySubject, now: datetime) -> str:
    name = person.user.name or person.user.email
    if (closed := _explain_closed(person.user, name, now)) is not None:
        return closed
    decision = decide(person.facts, shown=Level.PASSWORD, now=now)
    reason = why_others_are_asked(decision.because)
    if decision.verdict is Verdict.ALLOW:
        return _explain_not_asked(person, name, decision)
    if person.user.factors_locked_at:
        return _(
            "%(name)s is locked out after too many wrong codes. "
            "Reset 2-factor authentication so that %(name)s can set it up again at the next login.",
            name=name,
        )
    if decision.verdict is Verdict.AWAIT_LINK:
        return _explain_waiting(person, name)
    if decision.verdict is Verdict.ENROL:
        return _(
            "%(name)s must link an app or add a passkey at the next login: %(reason)s.",
            name=name,
            reason=reason,
        )
    coming = effective_policy(person.facts, now=now).because
    if decision.because.reason is Reason.BY_CHOICE and coming.until:
        return _(
            "%(name)s is asked for a code: by choice today, %(reason)s from %(date)s.",
            name=name,
            reason=why_others_are_asked(coming),
            date=dates.day(coming.until),
        )
    return _("%(name)s is asked for a code: %(reason)s.", name=name, reason=reason)


def _explain_closed(user: User, name: str, now: datetime) -> str | None:
    """Return why nobody gets into this account; None if that is not so."""
    if user.disabled_at is not None:
        return _("%(name)s can't log in: the account is disabled.", name=name)
    if user.ends_at is not None and user.has_ended(now):
        day = dates.day(days.last_before(user.ends_at))
        return _("%(name)s can't log in: %(date)s was the last day of the account.", name=name, date=day)
    if user.account_locked_at is not None:
        return _(
            "%(name)s locked this account on %(date)s, so nobody can log in to it until it is opened again.",
            name=name,
            date=dates.day(user.account_locked_at),
        )
    return None


def _explain_not_asked(person: PolicySubject, name: str, decision: Decision) -> str:
    because, user = decision.because, person.user
    if because.reason is Reason.EXEMPT and because.until:
        return _(
            "%(name)s isn't asked for a code: exempt until %(date)s (reason: “%(reason)s”, given by %(by)s).",
            name=name,
            date=dates.day(because.until),
            reason=user.exempt_reason,
            by=user.exempt_by,
        )
    if decision.enrol_by:
        return _(
            "%(name)s must link an app or add a passkey by %(moment)s: %(reason)s.",
            name=name,
            moment=dates.time_of_day(decision.enrol_by),
            reason=why_others_are_asked(because),
        )
    if because.until:
        return _(
            "%(name)s isn't asked for a code before %(date)s: then it's %(reason)s.",
            name=name,
            date=dates.day(because.until),
            reason=why_others_are_asked(because),
        )
    if person.facts.linked:
        return _(
            "%(name)s isn't asked for a code: 2-factor authentication isn't required. "
            "The apps and passkeys stay.",
            name=name,
        )
    return _("%(name)s isn't asked for a code: 2-factor authentication isn't required.", name=name)


def why_others_are_asked(because: PolicySource) -> str:
    """Return the reason in words about someone else; a rule that is still to come is named as well."""
    if because.group:
        return _("required by group %(group)s", group=because.group)
    return {
        Reason.ROLE: _("always required for this role"),
        Reason.RESET: _("2-factor authentication was reset"),
        Reason.PERSONAL: _("required for this person"),
        Reason.BY_CHOICE: _("2-factor authentication was set up by choice"),
    }.get(because.reason, _("required for everyone"))
