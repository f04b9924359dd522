"""The one decision: does this user need a code now, and why? Facts in, decision out, no database."""

import enum
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from mfa_app.core.policy.levels import Level
from mfa_app.models import LinkProof

ALWAYS = datetime.min.replace(tzinfo=UTC)


def in_force(required: bool, required_from: datetime | None, now: datetime) -> bool:
    """Return True if a rule requires a code at `now`: it is switched on and its start date has come."""
    return required and (required_from is None or required_from <= now)


@dataclass(frozen=True)
class Rule:
    """The rule of one group, or of the site (`group` is None), as it applies to one user.

    `member_since` is when the user came under it: joined the group, or got the account. Grace counts from
    there. `enabled_since` is when it was last switched on. `passkey_only`: no code counts. `passkey_alone`: a
    passkey needs no password beside it.
    """

    group: str | None
    required: bool
    required_from: datetime | None
    grace_days: int
    remember_days: int
    member_since: datetime | None
    enabled_since: datetime | None = None
    passkey_only: bool = False
    passkey_alone: bool = False

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
    desk. `link_required`: the second factors were reset. `link_proof`: what linking then takes besides the
    password. `link_by`: until when this user may be without one although a rule requires it.
    """

    linked: bool
    opted_in: bool
    required: bool
    exempt_until: datetime | None
    rules: tuple[Rule, ...]
    privileged: bool = False
    link_required: bool = False
    link_proof: LinkProof | None = None
    passkey: bool = False
    link_by: datetime | None = None

    @property
    def password_is_enough_to_link(self) -> bool:
        """Whether a first app or passkey takes nothing else: no link, and no proof after a reset."""
        return self.link_proof is None if self.link_required else not self.privileged

    def deadline(self, of_rules: datetime | None) -> datetime | None:
        """Return the later of a date that rules give and the user's own; None if there is no date.

        After a reset, and for administrators and the help desk, only the rules count.
        """
        own = None if self.privileged or self.link_required else self.link_by
        return max((moment for moment in (of_rules, own) if moment is not None), default=None)


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
class PasskeyDemand:
    """That no code counts beside a passkey, and which rule says so.

    `by` is when that begins for this user, None if it has begun. Only people without a passkey have grace.
    """

    because: PolicySource
    by: datetime | None


@dataclass(frozen=True)
class Policy:
    """What is in force for a user. `enrol_by` is set while the user may still be without a second factor."""

    required: bool
    because: PolicySource
    enrol_by: datetime | None
    remember_days: int
    passkey: PasskeyDemand | None = None

    @property
    def level(self) -> Level:
        """The level that every session of this user must reach."""
        if not self.required:
            return Level.PASSWORD
        only = self.passkey is not None and self.passkey.by is None
        return Level.PHISHING_RESISTANT if only else Level.SECOND_FACTOR


class Verdict(enum.Enum):
    """Which pages are open: all of the user's own, only the code page, or only the enrolment page.

    With ADD_PASSKEY, only the page that adds a passkey. With AWAIT_LINK, only the pages that say how to get,
    or that take, what permits enrolment: a one-time link, or a proof after a reset.
    """

    ALLOW = "allow"
    CHALLENGE = "challenge"
    ENROL = "enrol"
    ADD_PASSKEY = "add passkey"
    AWAIT_LINK = "await link"


@dataclass(frozen=True)
class Decision:
    """The verdict and its reason. `enrol_by` is the end of grace for a user who hasn't enrolled yet.

    `level` is what a session must reach. `passkey` says which rule wants a passkey, now or from a date on.
    """

    verdict: Verdict
    because: PolicySource
    enrol_by: datetime | None = None
    remember_days: int = 0
    level: Level = Level.PASSWORD
    passkey: PasskeyDemand | None = None


@dataclass(frozen=True)
class SetUpBy:
    """By when a user must set up what is still missing. `passkey`: an app won't do."""

    moment: datetime
    passkey: bool


def set_up_by(decision: Decision, facts: PolicyFacts) -> SetUpBy | None:
    """Return by when something must be set up first: an app is enough until a later date for passkeys."""
    enrol_by, demand = decision.enrol_by, decision.passkey
    passkey_by = demand.by if demand is not None and not facts.passkey else None
    if passkey_by is not None and (enrol_by is None or passkey_by <= enrol_by):
        return SetUpBy(passkey_by, passkey=True)
    return SetUpBy(enrol_by, passkey=False) if enrol_by is not None else None


def effective_policy(facts: PolicyFacts, *, now: datetime) -> Policy:
    """Return the policy in force for a user: role, own exemption, own requirement, else the strictest rule.

    Administrators and the help desk always need a code, whatever rules and overrides say. With several rules,
    the earliest date and the fewest days of remembering win, and one that wants a passkey. The rule for
    everyone counts like a group's. A date of the user's own can only put off the one by which to link.
    """
    policy = _policy_without_passkeys(facts, now)
    if policy.because.reason is Reason.EXEMPT:
        return policy
    return replace(policy, passkey=_passkey_demand(facts, now))


def _policy_without_passkeys(facts: PolicyFacts, now: datetime) -> Policy:
    remember_days = _remember_days(facts, now)
    if facts.privileged:
        return Policy(True, PolicySource(Reason.ROLE), None, remember_days)
    if facts.exempt_until is not None and facts.exempt_until > now:
        return Policy(False, PolicySource(Reason.EXEMPT, until=facts.exempt_until), None, remember_days)
    if facts.required:
        return Policy(True, PolicySource(Reason.PERSONAL), _future(facts.deadline(None), now), remember_days)
    coming = [rule for rule in facts.rules if rule.required]
    holding = [rule for rule in coming if rule.in_force(now)]
    if holding:
        first = min(coming, key=_strictness)  # may start before the grace of those in force is over
        strictest = min(holding, key=_strictness) if facts.linked else first
        enrol_by = _future(facts.deadline(first.enrol_by()), now)
        return Policy(True, _source(strictest), enrol_by, remember_days)
    because, enrol_by = PolicySource(Reason.NOT_REQUIRED), None
    if coming:
        first = min(coming, key=_strictness)
        because = PolicySource(Reason.NOT_REQUIRED, first.group, first.required_from)
        enrol_by = facts.deadline(first.enrol_by())
    return Policy(False, because, enrol_by, remember_days)


def _remember_days(facts: PolicyFacts, now: datetime) -> int:
    """Return for how many days a device is remembered: none where a rule in force wants a passkey."""
    return min(
        (0 if rule.passkey_only else rule.remember_days for rule in facts.rules if rule.in_force(now)),
        default=min((rule.remember_days for rule in facts.rules if rule.group is None), default=0),
    )


def _passkey_demand(facts: PolicyFacts, now: datetime) -> PasskeyDemand | None:
    wanting = [rule for rule in facts.rules if rule.required and rule.passkey_only]
    if not wanting:
        return None
    begins = {rule: rule.required_from if facts.passkey else rule.enrol_by() for rule in wanting}
    first = min(wanting, key=lambda rule: _earliest(rule, begins[rule]))
    begins_by = begins[first] if facts.passkey else facts.deadline(begins[first])
    return PasskeyDemand(_source(first), _future(begins_by, now))


def decide(
    facts: PolicyFacts,
    *,
    shown: Level,
    from_link: bool = False,
    trusted_since: datetime | None = None,
    now: datetime,
) -> Decision:
    """Decide what a user who has opened the first gate may open now.

    `shown`: the level of this session. `from_link`: it has shown what permits enrolment besides the password,
    such as a one-time link.
    `trusted_since`: when the device was remembered. It counts only while younger than the shortest limit in
    force, and only if a code has been required without a gap since then. An enrolled user never gets ENROL,
    and ADD_PASSKEY only after a code: an attacker with only the password could otherwise enrol.
    """
    policy = effective_policy(facts, now=now)
    if not facts.linked:
        return _decide_unlinked(facts, policy, from_link, now)
    because, level = policy.because, policy.level
    if not policy.required and facts.opted_in and because.reason is not Reason.EXEMPT:
        because, level = PolicySource(Reason.BY_CHOICE), Level.SECOND_FACTOR
    if _is_trusted(facts, trusted_since, policy.remember_days, now):
        shown = max(shown, Level.SECOND_FACTOR)
    if shown >= level:
        verdict = Verdict.ALLOW
    elif shown < Level.SECOND_FACTOR or facts.passkey:
        verdict = Verdict.CHALLENGE
    else:
        verdict = Verdict.ADD_PASSKEY
    return Decision(verdict, because, None, policy.remember_days, level, policy.passkey)


def _is_trusted(facts: PolicyFacts, since: datetime | None, days: int, now: datetime) -> bool:
    return since is not None and asked_since(facts, now=now) <= since and now < since + timedelta(days=days)


def _decide_unlinked(facts: PolicyFacts, policy: Policy, from_link: bool, now: datetime) -> Decision:
    because, waits = policy.because, policy.enrol_by is not None and policy.enrol_by > now
    enrol = Verdict.ADD_PASSKEY if policy.level is Level.PHISHING_RESISTANT else Verdict.ENROL
    if not from_link and not facts.password_is_enough_to_link:
        enrol = Verdict.AWAIT_LINK
    enrol_by = None
    if facts.privileged:
        verdict = enrol
    elif facts.link_required and because.reason is not Reason.EXEMPT:
        verdict, because = enrol, because if policy.required else PolicySource(Reason.RESET)
    elif not policy.required or waits:
        verdict, enrol_by = Verdict.ALLOW, policy.enrol_by
    else:
        verdict = enrol
    return Decision(verdict, because, enrol_by, policy.remember_days, policy.level, policy.passkey)


def passkey_alone(facts: PolicyFacts, *, now: datetime) -> bool:
    """Return True if a passkey of this user opens both gates, without the password.

    Every rule in force must say so; where none is, the rule for everyone does, switched on or not.
    """
    holding = [rule for rule in facts.rules if rule.in_force(now)]
    rules = holding or [rule for rule in facts.rules if rule.group is None]
    return bool(rules) and all(rule.passkey_alone for rule in rules)


def needs_passkey(facts: PolicyFacts, *, now: datetime) -> bool:
    """Return True if only a passkey opens the second gate for this user."""
    return effective_policy(facts, now=now).level is Level.PHISHING_RESISTANT


def asked_since(facts: PolicyFacts, *, now: datetime) -> datetime:
    """Return since when the rules have required a code of this user without a gap.

    Opting in, a personal requirement and a role have no such time: ending one revokes the remembered devices.
    """
    if facts.opted_in or facts.required or facts.privileged:
        return ALWAYS
    return min((rule.in_force_since() for rule in facts.rules if rule.in_force(now)), default=ALWAYS)


def is_asked(facts: PolicyFacts, *, now: datetime) -> bool:
    """Return True if this user is asked for a code, or to enrol, on a device that is not remembered."""
    return decide(facts, shown=Level.PASSWORD, now=now).verdict is not Verdict.ALLOW


def will_be_required(facts: PolicyFacts, *, now: datetime) -> bool:
    """Return True if this user needs a code once every start date has come and every grace is over."""
    exempt = facts.exempt_until is not None and facts.exempt_until > now
    asked = facts.required or facts.link_required or any(rule.required for rule in facts.rules)
    return facts.privileged or (asked and not exempt)


def _strictness(rule: Rule) -> tuple[bool, float, bool]:
    """Sort key, strictest first, of rules that want a second factor by a date."""
    return _earliest(rule, rule.enrol_by())


def _earliest(rule: Rule, begins: datetime | None) -> tuple[bool, float, bool]:
    """Sort key: no date, then the earlier date, then a group before everyone."""
    return (begins is not None, begins.timestamp() if begins else 0.0, rule.group is None)


def _source(rule: Rule) -> PolicySource:
    return PolicySource(Reason.EVERYONE) if rule.group is None else PolicySource(Reason.GROUP, rule.group)


def _future(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment > now else None
