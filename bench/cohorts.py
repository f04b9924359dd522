"""The cohorts of a seeded site: all who are in the same groups. Triggers would make them one by one."""

from bench.bulk import Bulk
from bench.people import Person
from mfa_app.models import Cohort, CohortGroup


class Cohorts:
    """The cohorts so far, by their groups."""

    def __init__(self, group_ids: list[int]) -> None:
        self._group_ids = group_ids
        self._cohorts: dict[tuple[int, ...], int] = {}

    def of(self, person: Person) -> int:
        """Return the id of the cohort that a person is in."""
        groups = tuple(sorted(person.groups(self._group_ids)))
        return self._cohorts.setdefault(groups, len(self._cohorts) + 1)

    def fill(self, table: Bulk) -> None:
        """Write the cohorts of everyone who was asked for."""
        rows = [(id_, ",".join(map(str, groups))) for groups, id_ in self._cohorts.items()]
        table.insert(Cohort, ("id", "group_ids"), rows)
        members = [(id_, group) for groups, id_ in self._cohorts.items() for group in groups]
        table.insert(CohortGroup, ("cohort_id", "group_id"), members)
