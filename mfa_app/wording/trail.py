"""The lines of the trail's page: a sentence each, with the addresses beside it and all else behind it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from flask_babel import gettext as _

from mfa_app.core.audit.happenings import Happening, fold
from mfa_app.core.common import days
from mfa_app.core.common.actor import ActorKind
from mfa_app.models.row_facts import AnyEvent
from mfa_app.wording import dates
from mfa_app.wording.event_sentences import sentence
from mfa_app.wording.events import details_in_words, event_name


@dataclass(frozen=True)
class Mentioned:
    """The email address that the trail has of somebody; `user_id` is None if the account is gone."""

    email: str
    user_id: int | None


@dataclass(frozen=True)
class TrailLine:
    """What happened, in words. `parts` are the steps of a login, newest first; `numbers` are of all rows."""

    row: AnyEvent
    numbers: tuple[int, ...]
    sentence: str
    people: tuple[Mentioned, ...]
    parts: tuple["TrailLine", ...]

    @property
    def at(self) -> datetime:
        return self.row.at

    @property
    def ip_address(self) -> str:
        return self.row.ip_address

    @property
    def user_agent(self) -> str:
        return self.row.user_agent

    @property
    def name(self) -> str:
        """What the event is called."""
        return event_name(self.row.event)

    @property
    def details(self) -> Iterator[str]:
        """The details of the row as short lines: put into words for those lines alone that show them."""
        return details_in_words(self.row.event, self.row.details)


@dataclass(frozen=True)
class TrailDay:
    """The lines of a day in UTC, newest first."""

    name: str
    lines: tuple[TrailLine, ...]


def trail_days(happenings: Iterable[Happening], most: int | None = None) -> list[TrailDay]:
    """Return rows of the trail as lines under their days: the newest `most` of them, or all."""
    lines = map(trail_line, fold(happenings)[:most])
    return [
        TrailDay(_("%(day)s (UTC)", day=dates.weekday(day)), tuple(of_day))
        for day, of_day in groupby(lines, lambda line: days.utc_day_of(line.at))
    ]


def trail_line(happening: Happening) -> TrailLine:
    """Return what happened in words."""
    row = happening.row
    return TrailLine(
        row=row,
        numbers=(row.id, *(part.row.id for part in happening.parts)),
        sentence=sentence(happening),
        people=tuple(_people(happening)),
        parts=tuple(map(trail_line, happening.parts)),
    )


def _people(happening: Happening) -> Iterable[Mentioned]:
    row = happening.row
    if row.actor_kind == ActorKind.PERSON and row.actor_name:
        yield Mentioned(row.actor_name, row.actor_id if happening.actor else None)
    if row.subject_name and not happening.is_own:
        yield Mentioned(row.subject_name, row.subject_id if happening.subject else None)
