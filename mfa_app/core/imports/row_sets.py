"""The rows of an import as SQL sees them: those with some outcome, their groups and their search words."""

from typing import Any

from sqlalchemy import ColumnElement, and_, func

from mfa_app.core.imports.plan import Outcome
from mfa_app.extensions import db
from mfa_app.models import ImportRow
from mfa_app.models.database import table_of

ROWS = table_of(ImportRow)


def rows_with(import_id: str, *outcomes: Outcome) -> ColumnElement[bool]:
    """Return whether a row is of this import, and has one of these outcomes."""
    return and_(ROWS.c.import_id == import_id, ROWS.c.outcome.in_([outcome.value for outcome in outcomes]))


def joined_groups() -> Any:
    """Return the keys and names of the groups that a row joins, as a table beside the row."""
    each = func.json_each_text(ROWS.c.joins) if _on_postgresql() else func.json_each(ROWS.c.joins)
    return each.table_valued("key", "value")


def words_of_row() -> Any:
    """Return the search words of a row, as a table beside the row."""
    if _on_postgresql():
        of_row = func.json_array_elements_text(ROWS.c.words).table_valued("value")
        return of_row.render_derived()
    return func.json_each(ROWS.c.words).table_valued("value")


def _on_postgresql() -> bool:
    return db.session.get_bind().dialect.name == "postgresql"
