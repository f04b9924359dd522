"""Whom a change of a rule affects, and from when, counted before it is saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mfa_app.core.policy import crowd, rules
from mfa_app.core.policy.conditions import COUNTED
from mfa_app.core.policy.individuals import Individuals
from mfa_app.core.policy.rules import RuleValues
from mfa_app.models import Group

MAX_NAMED = 20


@dataclass(frozen=True)
class Step:
    """How many of the users are asked for a second factor from a time on.

    `to_link` of them must link an app first, or add a passkey; `to_add_passkey` others must add a passkey.
    """

    at: datetime
    asked: int
    to_link: int
    to_add_passkey: int = 0


@dataclass(frozen=True)
class Impact:
    """What a change of a rule does to the users under it. Disabled accounts don't count.

    `people`, `not_linked` and `without_passkey` leave out who is exempt; `exempt` counts those, and
    `exemptions` names the first of them (email, end). `administrators` are named in the same way (email,
    linked, has a passkey). `today` is under the rules as they are, each of `steps` after the change: at once,
    on the start date, and when the last grace, or deadline of somebody's own, is over. Each user's own dates,
    other rules and overrides are counted as the decision counts them.
    """

    people: int
    not_linked: int
    without_passkey: int
    exempt: int
    exemptions: tuple[tuple[str, datetime], ...]
    administrators: tuple[tuple[str, bool, bool], ...]
    today: Step
    steps: tuple[Step, ...]


def preview_impact(scope: Group | None, values: RuleValues, *, now: datetime) -> Impact:
    """Return what these values of the rule of a group, or of everyone, would do.

    Exact at any size: most people are counted by what they have in common, and only those whose own dates
    matter one by one. Nine SELECTs at most.
    """
    everyone = rules.values_of(None)
    individuals = Individuals(scope, everyone)
    times = _times(values, individuals.last_deadline(values, now=now), now)
    cases = [(now, rules.values_of(scope) if scope else everyone), *((at, values) for at in times)]
    all_people, all_not_linked, all_without_passkey, *crowd_steps = crowd.count(scope, everyone, cases)
    people, not_linked, without_passkey, exempt, *own_steps = individuals.count_with_own_dates(cases, now=now)
    in_grace = individuals.count_in_grace(cases, now=now)
    today, *steps = _steps(cases, crowd_steps, own_steps, in_grace)
    return Impact(
        all_people + people,
        all_not_linked + not_linked,
        all_without_passkey + without_passkey,
        exempt,
        individuals.exemptions(MAX_NAMED, now=now),
        individuals.administrators(MAX_NAMED),
        today,
        tuple(steps),
    )


def _times(values: RuleValues, last_deadline: datetime | None, now: datetime) -> list[datetime]:
    """Return when a change shows: at once, on its start date, and when nobody has longer."""
    times = [now]
    if values.required and values.required_from is not None:
        times.append(max(now, values.required_from))
    if last_deadline is not None:
        times.append(max(times[-1], last_deadline))
    return sorted(set(times))


def _steps(
    cases: Sequence[tuple[datetime, RuleValues]],
    crowd_steps: list[int],
    own_steps: list[int],
    in_grace: list[int],
) -> list[Step]:
    """Add up the people of each case. The crowd counts those in a grace period as if it were over."""
    sums = [
        own + of_crowd - late for own, of_crowd, late in zip(own_steps, crowd_steps, in_grace, strict=True)
    ]
    counted = zip(*(sums[place::COUNTED] for place in range(COUNTED)), strict=True)
    return [Step(at, *numbers) for (at, _values), numbers in zip(cases, counted, strict=True)]
