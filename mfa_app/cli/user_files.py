"""`second-gate users import` and `second-gate users export`: people in files."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
from flask_babel import gettext as _

from mfa_app.cli.support.command import CommandError, command_transaction, current_actor
from mfa_app.cli.support.lookup import get_group
from mfa_app.cli.support.output import print_line, say
from mfa_app.cli.support.types import GROUP
from mfa_app.core.common import clock
from mfa_app.core.common.files import open_private
from mfa_app.core.imports import export, from_terminal, import_job, stored
from mfa_app.core.imports.people_file import PeopleFile
from mfa_app.core.imports.plan import ImportOptions, Mode, Outcome, PlannedRow
from mfa_app.core.imports.result import result_lines
from mfa_app.core.users.filters import UserFilters
from mfa_app.extensions import db
from mfa_app.models import ImportRow, PeopleImport
from mfa_app.wording.imports import outcome_name, problem_sentence, result_titles, result_words

NEW_FILE = click.Path(dir_okay=False, path_type=Path)

MODES = click.Choice([mode.value for mode in Mode])


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--preview", is_flag=True, help="Only say what would happen.")
@click.option("--mode", type=MODES, default=Mode.UPDATE.value, show_default=True)
@click.option("--group", type=GROUP, help="The group whose members “replace” replaces.")
@click.option("--leavers", is_flag=True, help="Disable people who are not in the file.")
@click.option("--create-groups", is_flag=True, help="Create the groups that don't exist yet.")
@click.option("--invite", is_flag=True, help="Email each new person a link to choose a password.")
@click.option("--result", type=NEW_FILE, help="Write each row, and what became of it, to this file.")
@command_transaction
def import_people(
    file: Path,
    preview: bool,
    mode: str,
    group: str | None,
    leavers: bool,
    create_groups: bool,
    invite: bool,
    result: Path | None,
) -> None:
    """Add and change people from a CSV file. All of it is saved, or nothing; wrong rows are left out.

    “add” leaves people who have an account as they are, “update” changes them too, and “replace” also takes
    people out of a group if they are not in the file.
    """
    if (mode == Mode.REPLACE) != (group is not None):
        raise CommandError(_("“--mode replace” and “--group” belong together: give both, or neither."))
    group_id = get_group(group).id if group is not None else None
    options = ImportOptions(Mode(mode), group_id, leavers, create_groups)
    content = file.read_bytes()
    if preview:
        if result is not None:
            raise CommandError(_("“--result” is about an import that was saved: leave it out of a preview."))
        say(*_lines(from_terminal.preview(content, options, actor=current_actor())))
        say(*_ignored(PeopleFile(content).headings.ignored))
        say(_("This is a preview. Nothing has been changed."))
        return
    if result is not None and result.exists():
        raise CommandError(_("%(file)s exists already. Choose another name for the result.", file=result))
    an_import = _applied(content, file.name, options, invite=invite)
    say(*_lines(stored.all_rows(an_import)), *_ignored(an_import.ignored))
    if result is not None:
        _write_result(an_import, result)


@click.command("export")
@click.option("--group", type=GROUP, help="Only the members of this group.")
@command_transaction
def export_people(group: str | None) -> None:
    """Print people as CSV, as “users import” takes it."""
    group_id = get_group(group).id if group is not None else None
    filters = UserFilters(group_id=group_id, active=True)
    for line in export.export(filters, actor=current_actor(), now=clock.now()):
        print_line(line.rstrip("\r\n"))


def _applied(content: bytes, name: str, options: ImportOptions, *, invite: bool) -> PeopleImport:
    """Apply the file, and commit; show a bar while it is read, if this is a terminal."""
    with click.progressbar(length=1, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(done: int, rows: int) -> None:
            bar.length = rows
            bar.update(done - bar.pos)

        an_import = from_terminal.apply(
            content,
            name,
            options,
            invite=invite,
            actor=current_actor(),
            now=clock.now(),
            progress=progress,
        )
    db.session.commit()
    import_job.invite(now=clock.now())
    return an_import


def _write_result(an_import: PeopleImport, result: Path) -> None:
    """Write the file with what became of each row, as Excel reads it. Raises OSError."""
    lines = result_lines(an_import, result_titles(), result_words)
    with open(result, "x", encoding="utf-8-sig", newline="", opener=open_private) as file:
        file.writelines(lines)
    say(_("%(file)s says what became of each row, and what to do.", file=result))


def _ignored(headings: Sequence[str]) -> Iterator[str]:
    if headings:
        yield _("Columns that mean nothing here: %(headings)s.", headings=", ".join(headings))


def _lines(rows: Iterable[PlannedRow | ImportRow]) -> list[str]:
    """Return how many rows do what, and each person who needs attention or whom the file does not name."""
    counts = Counter[str]()
    lines: list[str] = []
    for row in rows:
        counts[row.outcome] += 1
        lines += _line(row)
    numbers = [f"{outcome_name(outcome)}: {counts[outcome]}" for outcome in Outcome if counts[outcome]]
    return [", ".join(numbers), *lines]


def _line(row: PlannedRow | ImportRow) -> Iterator[str]:
    if row.outcome == Outcome.WRONG:
        why = problem_sentence(row)
        yield _("Line %(line)s, %(email)s: %(why)s", line=row.line, email=row.email or "-", why=why)
    elif row.outcome in (Outcome.DISABLED, Outcome.LEAVES):
        yield f"{outcome_name(row.outcome)}: {row.email}"
    elif row.outcome == Outcome.KEPT:
        yield f"{outcome_name(row.outcome)}: {row.email}. {problem_sentence(row)}"
