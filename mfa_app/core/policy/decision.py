"""The one decision: does this user need a code now, and why? Facts in, decision out, no database."""

import enum
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

ALWAYS = datetime.min.replace(tzinfo=UTC)


def in_force(required: bool, required_from: datetime | None, now: datetime) -> bool:
    """Return True if a rule requires a code at `now`: it is switched on and its start date has come."""
    return required and (required_from is None or required_from <= now)


@dataclass(frozen=True)
class Rule:
    """The rule of one group, or of the site (`group` is None), as it applies to one user.

    `member_since` is when the user came under it: joined the group, or got the account. Grace counts from
    there. `enabled_since` is when it was last switched on.
    """

    group: str | None
    required: bool
    required_from: datetime | None
    grace_days: int
    remember_days: int
    member_since: datetime | None
    enabled_since: datetime | None = None

    def in_force_since(self) -> datetime:
        """Return since when the rule has been in force for this user: the latest of its three start times."""
        moments = (self.enabled_since, self.required_from, self.member_since)
        return max((moment for moment in moments if moment is not None), default=ALWAYS)

    def enrol_by(self) -> datetime | None:
        """Return the time by which the user must have enrolled, or None if there is no such date."""
        moments = [self.required_from] if self.required_from else []
        if self.grace_days and self.member_since:
            moments.append(self.member_since + timedelta(days=self.grace_days))
        return max(moments, default=None)

    def in_force(self, now: datetime) -> bool:
        """Return True if the rule requires a code at `now`, ignoring grace."""
        return in_force(self.required, self.required_from, now)


@dataclass(frozen=True)
class PolicyFacts:
    """Everything about a user that the decision needs.

    `linked`: has an app or a passkey. `passkey`: has a passkey. `privileged`: an administrator or the help
    desk. `link_required`: the second factors were reset.
    """

    linked: bool
    opted_in: bool
    required: bool
    exempt_until: datetime | None
    rules: tuple[Rule, ...]
    privileged: bool = False
    link_required: bool = False
    passkey: bool = False


class Reason(enum.Enum):
    """Why a user is or is not asked for a code."""

    ROLE = "role"
    RESET = "reset"
    EXEMPT = "exempt"
    PERSONAL = "personal requirement"
    GROUP = "group"
    EVERYONE = "everyone"
    BY_CHOICE = "own choice"
    NOT_REQUIRED = "not required"


@dataclass(frozen=True)
class PolicySource:
    """A reason, with the group that it names and the time at which it starts or ends."""

    reason: Reason
    group: str | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Policy:
    """What is in force for a user. `enrol_by` is set while the user may still be without an authenticator."""

    required: bool
    because: PolicySource
    enrol_by: datetime | None
    remember_days: int


class Verdict(enum.Enum):
    """Which pages are open: all of the user's own, only the code page, or only the enrolment page.

    With AWAIT_LINK, only the page that says how to get a one-time link that permits enrolment.
    """

    ALLOW = "allow"
    CHALLENGE = "challenge"
    ENROL = "enrol"
    AWAIT_LINK = "await link"


@dataclass(frozen=True)
class Decision:
    """The verdict and its reason. `enrol_by` is the end of grace for a user who hasn't enrolled yet."""

    verdict: Verdict
    because: PolicySource
    enrol_by: datetime | None = None
    remember_days: int = 0


def effective_policy(facts: PolicyFacts, *, now: datetime) -> Policy:
    """Return the policy in force for a user: role, own exemption, own requirement, else the strictest rule.

    Administrators and the help desk always need a code, whatever rules and overrides say. With several rules,
    the earliest date and the fewest days of remembering win. The rule for everyone counts like a group's.
    """
    remember_days = min(
        (rule.remember_days for rule in facts.rules if rule.in_force(now)),
        default=min((rule.remember_days for rule in facts.rules if rule.group is None), default=0),
    )
    if facts.privileged:
        return Policy(True, PolicySource(Reason.ROLE), None, remember_days)
    if facts.exempt_until is not None and facts.exempt_until > now:
        return Policy(False, PolicySource(Reason.EXEMPT, until=facts.exempt_until), None, remember_days)
    if facts.required:
        return Policy(True, PolicySource(Reason.PERSONAL), None, remember_days)
    coming = [rule for rule in facts.rules if rule.required]
    holding = [rule for rule in coming if rule.in_force(now)]
    if holding:
        first = min(coming, key=_strictness)  # may start before the grace of those in force is over
        strictest = min(holding, key=_strictness) if facts.linked else first
        return Policy(True, _source(strictest), _future(first.enrol_by(), now), remember_days)
    because, enrol_by = PolicySource(Reason.NOT_REQUIRED), None
    if coming:
        first = min(coming, key=_strictness)
        because = PolicySource(Reason.NOT_REQUIRED, first.group, first.required_from)
        enrol_by = first.enrol_by()
    return Policy(False, because, enrol_by, remember_days)


def decide(
    facts: PolicyFacts,
    *,
    has_code: bool,
    from_link: bool = False,
    trusted_since: datetime | None = None,
    now: datetime,
) -> Decision:
    """Decide what a user who has entered the password may open now.

    `has_code`: this session has used a code. `from_link`: it began with a link that permits enrolment.
    `trusted_since`: when the device was remembered. It counts only while younger than the shortest limit in
    force, and only if a code has been required without a gap since then. An enrolled user never gets ENROL:
    an attacker with only the password could otherwise enrol another app.
    """
    policy = effective_policy(facts, now=now)
    because, days = policy.because, policy.remember_days
    if not facts.linked:
        return _decide_without_app(facts, policy, from_link, now)
    asked = policy.required or (facts.opted_in and because.reason is not Reason.EXEMPT)
    if asked and not policy.required:
        because = PolicySource(Reason.BY_CHOICE)
    trusted = (
        trusted_since is not None
        and asked_since(facts, now=now) <= trusted_since
        and now < trusted_since + timedelta(days=days)
    )
    if asked and not has_code and not trusted:
        return Decision(Verdict.CHALLENGE, because, None, days)
    return Decision(Verdict.ALLOW, because, None, days)


def _decide_without_app(facts: PolicyFacts, policy: Policy, from_link: bool, now: datetime) -> Decision:
    because, days = policy.because, policy.remember_days
    if facts.privileged:
        may_enrol = from_link or facts.link_required
        return Decision(Verdict.ENROL if may_enrol else Verdict.AWAIT_LINK, because, None, days)
    if facts.link_required and because.reason is not Reason.EXEMPT:
        return Decision(Verdict.ENROL, because if policy.required else PolicySource(Reason.RESET), None, days)
    waits = policy.enrol_by is not None and policy.enrol_by > now
    if not policy.required or waits:
        return Decision(Verdict.ALLOW, because, policy.enrol_by, days)
    return Decision(Verdict.ENROL, because, None, days)


def asked_since(facts: PolicyFacts, *, now: datetime) -> datetime:
    """Return since when the rules have required a code of this user without a gap.

    Opting in, a personal requirement and a role have no such time: ending one revokes the remembered devices.
    """
    if facts.opted_in or facts.required or facts.privileged:
        return ALWAYS
    return min((rule.in_force_since() for rule in facts.rules if rule.in_force(now)), default=ALWAYS)


def is_asked(facts: PolicyFacts, *, now: datetime) -> bool:
    """Return True if this user is asked for a code, or to enrol, on a device that is not remembered."""
    return decide(facts, has_code=False, now=now).verdict is not Verdict.ALLOW


def will_be_required(facts: PolicyFacts, *, now: datetime) -> bool:
    """Return True if this user needs a code once every start date has come and every grace is over."""
    exempt = facts.exempt_until is not None and facts.exempt_until > now
    asked = facts.required or facts.link_required or any(rule.required for rule in facts.rules)
    return facts.privileged or (asked and not exempt)


def _strictness(rule: Rule) -> tuple[bool, float, bool]:
    """Sort key, strictest first: no date, then the earlier date, then a group before everyone."""
    enrol_by = rule.enrol_by()
    return (enrol_by is not None, enrol_by.timestamp() if enrol_by else 0.0, rule.group is None)


def _source(rule: Rule) -> PolicySource:
    return PolicySource(Reason.EVERYONE) if rule.group is None else PolicySource(Reason.GROUP, rule.group)


def _future(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment > now else None
