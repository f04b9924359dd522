"""What a person must still set up, and by when: a second factor, or a passkey where only passkeys count."""

from dataclasses import dataclass
from datetime import datetime

from mfa_app.core.policy.decision import Decision, PolicySource, Reason, decide, will_be_required
from mfa_app.core.policy.facts import PolicySubject, site_policy
from mfa_app.core.policy.levels import Level
from mfa_app.models import Group, SitePolicy


@dataclass(frozen=True)
class Duty:
    """That somebody must set up something. `by` is None if that is due now, `because` says what asks.

    `passkey`: it must be a passkey, now or later. `has_app`: there is an app already, which won't do.
    """

    passkey: bool
    has_app: bool
    by: datetime | None
    because: PolicySource


def duty_of(subject: PolicySubject, *, now: datetime) -> Duty | None:
    """Return what a user must still set up, now or later; None if there is nothing. Closed accounts count.

    Who has nothing yet, and will need a passkey, is asked for that alone, so that nobody sets up two things.
    What is needed first is said by `decision.set_up_by`.
    """
    facts = subject.facts
    decision = decide(facts, shown=Level.PASSWORD, now=now)
    if not facts.linked:
        if not will_be_required(facts, now=now):
            return None
        wanted = decision.passkey is not None
        return Duty(wanted, has_app=False, by=deadline(decision, now), because=decision.because)
    if facts.passkey or decision.passkey is None:
        return None
    return Duty(True, has_app=True, by=decision.passkey.by, because=decision.passkey.because)


def deadline(decision: Decision, now: datetime) -> datetime | None:
    """Return by when somebody must link, by the rules and by own dates; None if that is due now."""
    return decision.enrol_by if decision.enrol_by is not None and decision.enrol_by > now else None


def said_of(duty: Duty, subject: PolicySubject, rule: Group | SitePolicy | None = None) -> dict[str, object]:
    """Return what a mail says of a duty: the deadline, if a passkey is wanted, and the words of the rule.

    `rule` is the one that the mail is about; without it, it is the one that the duty comes from.
    """
    behind = rule if rule is not None else _rule_behind(duty, subject)
    said: dict[str, object] = {"link_by": duty.by, "passkey": duty.passkey}
    return said | {"own_words": behind.mail_text if behind is not None else None}


def _rule_behind(duty: Duty, subject: PolicySubject) -> Group | SitePolicy | None:
    """Return the row of the rule that a duty comes from; None if it comes from a role or an administrator."""
    if duty.because.group is not None:
        return next((group for group in subject.groups if group.name == duty.because.group), None)
    return site_policy() if duty.because.reason in (Reason.EVERYONE, Reason.NOT_REQUIRED) else None
