"""What a change does to one person: what is decided about them today, and once the change is made."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mfa_app.core.policy.decision import Decision, PolicyFacts, decide, effective_policy
from mfa_app.core.policy.facts import PolicySubject, find_subjects_by_id, rule_of
from mfa_app.core.policy.levels import Level
from mfa_app.models import PRIVILEGED, Group, Role


@dataclass(frozen=True)
class Foresight:
    """One person, the decision today and the decision after a change, both for a login by password alone.

    `facts` are those after the change, `now` the time of both decisions.
    """

    subject: PolicySubject
    facts: PolicyFacts
    now: datetime

    @property
    def before(self) -> Decision:
        """What is decided as things are."""
        return decide(self.subject.facts, shown=Level.PASSWORD, now=self.now)

    @property
    def after(self) -> Decision:
        """What is decided after the change."""
        return decide(self.facts, shown=Level.PASSWORD, now=self.now)

    @property
    def changes(self) -> bool:
        """Whether the person notices: is asked otherwise, or by another date."""
        return _noticed(self.subject.facts, self.now) != _noticed(self.facts, self.now)


def _noticed(facts: PolicyFacts, now: datetime) -> tuple[Any, ...]:
    decision, policy = decide(facts, shown=Level.PASSWORD, now=now), effective_policy(facts, now=now)
    passkey_by = decision.passkey.by if decision.passkey else None
    coming = decision.because.until
    return decision.verdict, decision.level, decision.enrol_by, policy.required, passkey_by, coming


def of_membership(
    subject: PolicySubject, *, joins: Iterable[Group] = (), leaves: Iterable[Group] = (), now: datetime
) -> Foresight:
    """Return what joining and leaving these groups does to somebody."""
    left = {group.name for group in leaves}
    kept = [rule for rule in subject.facts.rules if rule.group is None or rule.group not in left]
    present = {rule.group for rule in kept}
    joined = [rule_of(group, now) for group in joins if group.name not in present]
    return Foresight(subject, replace(subject.facts, rules=(*kept, *joined)), now)


def of_memberships(
    user_ids: Collection[int], *, joins: Iterable[Group] = (), leaves: Iterable[Group] = (), now: datetime
) -> list[Foresight]:
    """Return what joining and leaving these groups does to each of these users, by email address.

    Accounts that nobody can get into are left out. One SELECT.
    """
    joined, left = list(joins), list(leaves)
    return [
        of_membership(subject, joins=joined, leaves=left, now=now)
        for subject in find_subjects_by_id(user_ids)
        if subject.user.is_open(now)
    ]


def of_edit(
    subject: PolicySubject, *, role: Role | None = None, groups: Iterable[Group] | None = None, now: datetime
) -> Foresight:
    """Return what another role does to somebody, and being in exactly these groups.

    None leaves the role or the groups as they are.
    """
    wanted = list(subject.groups if groups is None else groups)
    leaves = [group for group in subject.groups if group not in wanted]
    moved = of_membership(subject, joins=wanted, leaves=leaves, now=now)
    if role is None or role == subject.user.role:
        return moved
    facts = replace(moved.facts, privileged=role in PRIVILEGED)
    if role in PRIVILEGED:
        facts = replace(facts, exempt_until=None, link_required=False)
    return replace(moved, facts=facts)
