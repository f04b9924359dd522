"""The trend of a roll-out in words, and as lines for a chart that the page draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from mfa_app.core.rollout.bars import Bar
from mfa_app.core.rollout.trend import Point
from mfa_app.wording import dates
from mfa_app.wording.rollout import Step, percent, steps


@dataclass(frozen=True)
class Line:
    """A line of the chart: its style, its name, and its corners: x and y from 0 to 100, from the top."""

    style: str
    name: str
    corners: tuple[tuple[float, int], ...]

    @property
    def path(self) -> str:
        """The corners as SVG writes a line through them."""
        return " ".join(f"{x:g},{y}" for x, y in self.corners)


def chart(points: Sequence[Point]) -> tuple[Line, ...]:
    """Return the lines of the chart; none for fewer than two days."""
    if len(points) < 2:
        return ()
    named: tuple[tuple[str, str, Callable[[Bar], int]], ...] = (
        ("solid", _("Linked"), lambda bar: bar.linked),
        ("dashed", _("Used lately"), lambda bar: bar.used),
        ("dotted", _("Logged in once"), lambda bar: bar.logged_in),
    )
    return tuple(Line(style, name, _corners(points, number)) for style, name, number in named)


def summary(points: Sequence[Point]) -> str:
    """Return what the chart says first of all, or why there is none yet."""
    if not points:
        return _("The site notes these numbers at the end of each day. The first are here tomorrow.")
    first, last = points[0], points[-1]
    now = percent(last.bar.linked, last.bar.people)
    if len(points) == 1:
        return _("The site notes these numbers at the end of each day. The chart begins with the second day.")
    before = percent(first.bar.linked, first.bar.people)
    return _(
        "%(before)s %% had linked an app or passkey on %(first)s, and %(now)s %% on %(last)s.",
        **{"before": before, "now": now, "first": dates.day(first.day), "last": dates.day(last.day)},
    )


def rows(points: Sequence[Point]) -> list[tuple[str, tuple[Step, ...]]]:
    """Return the days in words, the newest first, each with the steps of its bar."""
    return [(dates.short_day(point.day), steps(point.bar)) for point in reversed(points)]


def _corners(points: Sequence[Point], number: Callable[[Bar], int]) -> tuple[tuple[float, int], ...]:
    first, whole = points[0].day, (points[-1].day - points[0].day).days
    return tuple(
        (round(100 * (point.day - first).days / whole, 2), 100 - percent(number(point.bar), point.bar.people))
        for point in points
    )
