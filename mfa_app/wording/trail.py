"""The lines of the trail's page: a sentence each, with the addresses beside it and all else behind it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from flask_babel import gettext as _

from mfa_app.core.audit.happenings import Happening, fold
from mfa_app.core.common.actor import ActorKind
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

    numbers: tuple[int, ...]
    at: datetime
    sentence: str
    people: tuple[Mentioned, ...]
    ip_address: str
    name: str
    details: tuple[str, ...]
    user_agent: str
    parts: tuple["TrailLine", ...]


@dataclass(frozen=True)
class TrailDay:
    """The lines of a day in UTC, newest first."""

    name: str
    lines: tuple[TrailLine, ...]


def trail_days(happenings: Iterable[Happening], most: int | None = None) -> list[TrailDay]:
    """Return rows of the trail as lines under their days: the newest `most` of them, or all."""
    lines = map(trail_line, fold(happenings)[:most])
    return [
        TrailDay(_("%(day)s (UTC)", day=day), tuple(of_day))
        for day, of_day in groupby(lines, lambda line: dates.utc_weekday(line.at))
    ]


def trail_line(happening: Happening) -> TrailLine:
    """Return what happened in words."""
    row = happening.row
    return TrailLine(
        numbers=(row.id, *(part.row.id for part in happening.parts)),
        at=row.at,
        sentence=sentence(happening),
        people=tuple(_people(happening)),
        ip_address=row.ip_address,
        name=event_name(row.event),
        details=tuple(details_in_words(row.event, row.details)),
        user_agent=row.user_agent,
        parts=tuple(map(trail_line, happening.parts)),
    )


def _people(happening: Happening) -> Iterable[Mentioned]:
    row = happening.row
    if row.actor_kind == ActorKind.PERSON and row.actor_name:
        yield Mentioned(row.actor_name, row.actor_id if happening.actor else None)
    if row.subject_name and not happening.is_own:
        yield Mentioned(row.subject_name, row.subject_id if happening.subject else None)
