"""Words for a roll-out: its steps, how far somebody has come, and what a reminder has done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from mfa_app.core.rollout.bars import USED_WITHIN, Bar
from mfa_app.core.rollout.board import Straggler
from mfa_app.core.rollout.reminders import Reminded
from mfa_app.models import Progress
from mfa_app.wording import dates

_PROGRESS = {
    Progress.NOTHING: _l("Never logged in"),
    Progress.LOGGED_IN: _l("Logged in, not linked"),
    Progress.SAW_QR_CODE: _l("Saw the QR code, not linked"),
}

CSV_COLUMNS = ("name", "email", "state", "link_by", "invited", "email_refused", "reminded_at")


@dataclass(frozen=True)
class Step:
    """A step of the bar: its name, how many people have come there, and how many of a hundred that is."""

    name: str
    people: int
    percent: int


def steps(bar: Bar) -> tuple[Step, ...]:
    """Return the five steps from the invitation to a second factor in use."""
    named = (
        (_("People"), bar.people),
        (_("Logged in once"), bar.logged_in),
        (_("Saw the QR code"), bar.seen),
        (_("Linked an app or passkey"), bar.linked),
        (_("Used it in the last %(days)s days", days=USED_WITHIN.days), bar.used),
    )
    return tuple(Step(name, number, percent(number, bar.people)) for name, number in named)


def percent(number: int, of: int) -> int:
    """Return how many of a hundred this is, rounded down: 100 only if it is all."""
    return 100 * number // max(of, 1)


def to_link_in_words(number: int) -> str:
    """Return how many people must still link."""
    if not number:
        return _("Nobody has to link an app or add a passkey.")
    return ngettext(
        "%(num)s person must still link an app or add a passkey.",
        "%(num)s people must still link an app or add a passkey.",
        number,
    )


def progress_name(progress: Progress) -> str:
    """Return how far somebody has come who hasn't linked: "saw the QR code"."""
    return str(_PROGRESS[progress])


def reminded_in_words(reminded: Reminded) -> str:
    """Return what a press on "Remind" has done."""
    if reminded.later:
        return _("The reminders will be sent in the next few minutes.")
    parts = []
    if reminded.reminded:
        parts.append(ngettext("%(num)s person reminded.", "%(num)s people reminded.", reminded.reminded))
    if reminded.invited:
        parts.append(
            ngettext(
                "%(num)s person without a password got the invitation again.",
                "%(num)s people without a password got the invitation again.",
                reminded.invited,
            )
        )
    return " ".join(parts)


def mails_in_words(mail_days: Sequence[date]) -> str:
    """Return on which days a change of a rule is told by email: none for no days."""
    if not mail_days:
        return ""
    listed = ", ".join(map(dates.short_day, mail_days))
    return _("People who have to link an app or add a passkey get an email: %(days)s.", days=listed)


def csv_cells_of(person: Straggler) -> tuple[str, ...]:
    """Return the cells of somebody who must still link, in the order of CSV_COLUMNS."""
    by, reminded = person.link_by, person.reminded_at
    return (
        person.name,
        person.email,
        {0: "never logged in", 1: "logged in", 2: "saw the QR code"}[person.progress],
        dates.plain_time(by) if by else "now",
        "yes" if person.invited else "",
        "yes" if person.refused else "",
        dates.plain_time(reminded) if reminded else "",
    )
