"""Whom a change of a rule affects, and from when, counted before it is saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mfa_app.core.policy import crowd, devices, rules
from mfa_app.core.policy.conditions import COUNTED
from mfa_app.core.policy.devices import Devices
from mfa_app.core.policy.individuals import Individuals, NamedAdministrator
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
    `exemptions` names the first of them (email, end), `administrators` the first administrators. `today` is
    under the rules as they are, each of `steps` after the change: at once, on the start date, and when the
    last grace, or deadline of somebody's own, is over. Each user's own dates, other rules and overrides are
    counted as the decision counts them.

    `newly` are asked at the last step and not today, `no_longer` the other way round. If the rule is switched
    off, `spared` would have had to set up a factor by `spared_from`, and don't have to any more. `devices` is
    there if the change can make remembered devices ask again.
    """

    people: int
    not_linked: int
    without_passkey: int
    exempt: int
    exemptions: tuple[tuple[str, datetime], ...]
    administrators: tuple[NamedAdministrator, ...]
    today: Step
    steps: tuple[Step, ...]
    newly: int = 0
    no_longer: int = 0
    spared: int = 0
    spared_from: datetime | None = None
    devices: Devices | None = None

    @property
    def to_set_up(self) -> int:
        """How many must have linked an app or added a passkey by the last step, and have not yet."""
        return self.steps[-1].to_link + self.steps[-1].to_add_passkey

    @property
    def still(self) -> int:
        """How many are asked at the last step as they are today."""
        return self.today.asked - self.no_longer


def preview_impact(scope: Group | None, values: RuleValues, *, now: datetime) -> Impact:
    """Return what these values of the rule of a group, or of everyone, would do.

    Exact at any size: most people are counted by what they have in common, and only those whose own dates
    matter one by one. Eighteen SELECTs at most.
    """
    everyone, before = rules.values_of(None), rules.values_of(scope)
    individuals = Individuals(scope, everyone)
    times = _times(values, individuals.last_deadline(values, now=now), now)
    ended = _ended(individuals, before, values, now)
    compared = [(ended, before), (ended, values)] if ended else []
    cases = [(now, before), *compared, *((at, values) for at in times)]
    all_people, all_not_linked, all_without_passkey, *crowd_counts = crowd.count(
        scope, everyone, cases, individuals.graces
    )
    people, not_linked, without_passkey, exempt, *own_counts = individuals.count_with_own_dates(
        cases, now=now
    )
    in_grace = individuals.count_in_grace(cases)
    counts = _sums(crowd_counts, own_counts, in_grace)
    (today, *steps), (newly, no_longer) = _steps(cases, counts), counts[-2:]
    with_rule, without = steps[: len(compared)] or (today, today)
    may_ask_again = devices.may_be_asked_again(before, values)
    return Impact(
        people=all_people + people,
        not_linked=all_not_linked + not_linked,
        without_passkey=all_without_passkey + without_passkey,
        exempt=exempt,
        exemptions=individuals.exemptions(MAX_NAMED, now=now),
        administrators=individuals.administrators(MAX_NAMED),
        today=today,
        steps=tuple(steps[len(compared) :]),
        newly=newly,
        no_longer=no_longer,
        spared=_to_set_up(with_rule) - _to_set_up(without),
        spared_from=ended,
        devices=devices.Change(scope, values, individuals, now=now).count() if may_ask_again else None,
    )


def last_step(scope: Group | None, values: RuleValues, *, now: datetime) -> datetime:
    """Return when all that a change of a rule brings about has come: nobody has longer."""
    return _last_time(Individuals(scope, rules.values_of(None)), values, now)


def spared_from(scope: Group | None, values: RuleValues, *, now: datetime) -> datetime | None:
    """Return `Impact.spared_from` of this change."""
    return _ended(Individuals(scope, rules.values_of(None)), rules.values_of(scope), values, now)


def _ended(
    individuals: Individuals, before: RuleValues, values: RuleValues, now: datetime
) -> datetime | None:
    """Return when the rule as it is would have shown all its effects, if the change switches it off."""
    return _last_time(individuals, before, now) if before.required and not values.required else None


def _last_time(individuals: Individuals, values: RuleValues, now: datetime) -> datetime:
    return _times(values, individuals.last_deadline(values, now=now), now)[-1]


def _times(values: RuleValues, last_deadline: datetime | None, now: datetime) -> list[datetime]:
    """Return when a change shows: at once, on its start date, and when nobody has longer."""
    times = [now]
    if values.required and values.required_from is not None:
        times.append(max(now, values.required_from))
    if last_deadline is not None:
        times.append(max(times[-1], last_deadline))
    return sorted(set(times))


def _to_set_up(step: Step) -> int:
    return step.to_link + step.to_add_passkey


def _sums(of_crowd: list[int], own: list[int], in_grace: list[int]) -> list[int]:
    """Add up the people: the crowd, and those counted singly, less those whose grace it took as over."""
    return [crowded + single - late for crowded, single, late in zip(of_crowd, own, in_grace, strict=True)]


def _steps(cases: Sequence[tuple[datetime, RuleValues]], counts: list[int]) -> list[Step]:
    numbers = [counts[place * COUNTED : (place + 1) * COUNTED] for place in range(len(cases))]
    return [Step(at, *of_case) for (at, _values), of_case in zip(cases, numbers, strict=True)]
