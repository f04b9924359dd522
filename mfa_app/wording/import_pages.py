"""What the pages of an import say: how the file is meant, what its rows do, its button and its result."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from mfa_app.core.imports.demands import GroupDemand
from mfa_app.core.imports.headings import Column
from mfa_app.core.imports.plan import Mode, Outcome
from mfa_app.core.imports.state import State
from mfa_app.models import ImportRow, PeopleImport, Role
from mfa_app.wording import dates
from mfa_app.wording.imports import outcome_name, problem_sentence
from mfa_app.wording.invitations import pass_on_links
from mfa_app.wording.labels import role_name

_MEANT = {
    Mode.ADD: _l("People who have an account stay as they are."),
    Mode.UPDATE: _l("People who have an account are updated."),
    Mode.REPLACE: _l("These people become the members of one group."),
}

_TONES = {
    Outcome.NEW: "good",
    Outcome.CHANGED: "accent",
    Outcome.WRONG: "bad",
    Outcome.DISABLED: "warn",
    Outcome.LEAVES: "warn",
}


def meant(the_import: PeopleImport) -> str:
    """Return what happens to people who have an account."""
    return str(_MEANT[Mode(the_import.mode)])


def tone(outcome: str) -> str:
    """Return the tone in which an outcome is shown."""
    return _TONES.get(Outcome(outcome), "neutral")


def label(the_import: PeopleImport, outcome: str) -> str:
    """Return what a row does, in a word or two. Who is missing is disabled only if somebody ticks it."""
    asked = outcome == Outcome.DISABLED and the_import.state == State.READY
    return _("Not in the file") if asked else outcome_name(outcome)


def tab(the_import: PeopleImport, outcome: Outcome | None, count: int) -> str:
    """Return the words of the link to the rows of one outcome, or to all."""
    name = label(the_import, outcome) if outcome else _("All")
    return f"{name} {format_decimal(count)}"


def progress(the_import: PeopleImport) -> str:
    """Return how far the reading of a file has come."""
    return _(
        "%(done)s of about %(all)s rows have been compared with the accounts.",
        done=format_decimal(the_import.rows_done),
        all=format_decimal(max(the_import.rows_done, the_import.rows_all)),
    )


def button(counts: Mapping[str, int]) -> str:
    """Return what the button of the preview does, or "" if there is nobody to add or change."""
    new, changed = counts.get(Outcome.NEW, 0), counts.get(Outcome.CHANGED, 0) + counts.get(Outcome.LEAVES, 0)
    if new and changed:
        return ngettext(
            "Import %(num)s person and change %(changed)s",
            "Import %(num)s people and change %(changed)s",
            new,
            changed=changed,
        )
    if new:
        return ngettext("Import %(num)s person", "Import %(num)s people", new)
    return ngettext("Change %(num)s person", "Change %(num)s people", changed) if changed else ""


def disable(count: int) -> str:
    """Return the words of the box, or of the button, that disables people who are not in the file."""
    return ngettext("Disable this person", "Disable these %(num)s people", count)


def consequences(the_import: PeopleImport, *, sends_mail: bool) -> Iterator[str]:
    """Yield what happens besides the rows themselves."""
    new, leaves = the_import.counts.get(Outcome.NEW, 0), the_import.counts.get(Outcome.LEAVES, 0)
    if new:
        yield _of_new_people(the_import, new, sends_mail=sends_mail)
    if leaves:
        yield ngettext(
            "%(num)s person who is not in the file leaves the group.",
            "%(num)s people who are not in the file leave the group.",
            leaves,
        )
    if kept := the_import.counts.get(Outcome.KEPT, 0):
        yield ngettext(
            "%(num)s person is not in the file and is left alone.",
            "%(num)s people are not in the file and are left alone.",
            kept,
        )
    if Column.ENABLED in the_import.columns and (leaves or kept or the_import.counts.get(Outcome.DISABLED)):
        yield _("Anyone whom the file marks as disabled counts as not in the file.")


def demand(found: GroupDemand) -> str:
    """Return what the rule of a group asks of the people who join it."""
    moment = dates.time_of_day(found.by) if found.by else ""
    return ngettext(
        "%(group)s requires 2-factor authentication: %(num)s person who joins must %(what)s %(when)s.",
        "%(group)s requires 2-factor authentication: %(num)s people who join must %(what)s %(when)s.",
        found.people,
        group=found.group,
        what=_("add a passkey") if found.passkey_only else _("link an app or add a passkey"),
        when=_("by %(moment)s", moment=moment) if moment else _("at the next login"),
    )


def done(the_import: PeopleImport, *, sends_mail: bool) -> Iterator[str]:
    """Yield what an import has done."""
    counts = the_import.counts
    changed = counts.get(Outcome.CHANGED, 0) + counts.get(Outcome.LEAVES, 0)
    sentences = (
        (counts.get(Outcome.NEW, 0), _added(counts.get(Outcome.NEW, 0))),
        (changed, ngettext("%(num)s person was changed.", "%(num)s people were changed.", changed)),
        (counts.get(Outcome.DISABLED, 0), _disabled(counts.get(Outcome.DISABLED, 0))),
        (counts.get(Outcome.WRONG, 0), _left_out(counts.get(Outcome.WRONG, 0))),
    )
    yield " ".join(sentence for count, sentence in sentences if count) or _("Nothing had to be changed.")
    if the_import.invite and counts.get(Outcome.NEW):
        yield _("The invitations are sent now, some at a time.") if sends_mail else pass_on_links()


def what_happens(row: ImportRow) -> list[str]:
    """Return what a row changes, or why it is left out and what to do, a sentence for each."""
    if row.problem:
        return [problem_sentence(row)]
    if row.outcome not in (Outcome.NEW, Outcome.CHANGED):
        return []
    is_new = row.outcome == Outcome.NEW
    return list(_of_a_new_person(row) if is_new else _of_a_change(row)) + _joins(row)


def _of_a_new_person(row: ImportRow) -> Iterator[str]:
    if row.role != Role.STAFF:
        yield _("Role: %(role)s.", role=role_name(Role(row.role)))
    if row.ends_at:
        yield _("Last day: %(day)s.", day=_last_day(row.ends_at))
    if row.directory_number:
        yield _("Directory number: %(number)s.", number=row.directory_number)


def _of_a_change(row: ImportRow) -> Iterator[str]:
    if row.name != row.was_name:
        yield _("Name: %(after)s, before %(before)s.", after=row.name, before=row.was_name or "–")
    if row.ends_at != row.was_ends_at:
        yield _(
            "Last day: %(after)s, before %(before)s.",
            after=_last_day(row.ends_at),
            before=_last_day(row.was_ends_at),
        )
    if row.directory_number != row.was_directory_number:
        yield _(
            "Directory number: %(after)s, before %(before)s.",
            after=row.directory_number or "–",
            before=row.was_directory_number or "–",
        )


def _joins(row: ImportRow) -> list[str]:
    return [_("Joins %(groups)s.", groups=", ".join(row.joins.values()))] if row.joins else []


def _last_day(ends_at: datetime | None) -> str:
    return dates.short_last_day(ends_at) if ends_at else "–"


def _of_new_people(the_import: PeopleImport, count: int, *, sends_mail: bool) -> str:
    if not the_import.invite:
        return _("Nobody is invited. You can invite the new people later, from the list of people.")
    if not sends_mail:
        return pass_on_links()
    return ngettext(
        "The new person gets an email with a link to choose a password.",
        "The %(num)s new people get an email each with a link to choose a password.",
        count,
    )


def _added(count: int) -> str:
    return ngettext("%(num)s person was added.", "%(num)s people were added.", count)


def _disabled(count: int) -> str:
    return ngettext("%(num)s account was disabled.", "%(num)s accounts were disabled.", count)


def _left_out(count: int) -> str:
    return ngettext(
        "%(num)s row was wrong and was left out.", "%(num)s rows were wrong and were left out.", count
    )
