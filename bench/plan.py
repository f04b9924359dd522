"""What a seeded site shall be like, and how far its making has come."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import click

from bench.people import GROUPS, Person, everyone

HISTORY = timedelta(days=360)


@dataclass(frozen=True)
class Plan:
    """How many people and groups, how many people can log in, and rows of the trail for each until `now`."""

    people: int
    active: int
    trail: int
    now: datetime
    groups: int = GROUPS

    @property
    def began(self) -> datetime:
        """When the site was set up."""
        return self.now - HISTORY

    def persons(self, label: str) -> Iterator[Person]:
        """Yield all people, and show on standard error how far that has come."""
        persons = everyone(self.people, self.active)
        with click.progressbar(persons, length=self.people, label=f"{label:<14}", file=sys.stderr) as shown:
            yield from shown

    def joined(self, person: Person) -> datetime:
        """Return when a person's account was created: one after the other, in the first half of a year."""
        return self.began + HISTORY * person.id / (2 * self.people)

    def last_login(self, person: Person) -> datetime:
        """Return when a person last logged in: in the second half of the year."""
        return self.joined(person) + HISTORY / 2
