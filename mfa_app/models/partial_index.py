"""Indexes of some of a table's rows, on both databases."""

from typing import TypedDict

from sqlalchemy import TextClause, text


class _Options(TypedDict):
    sqlite_where: TextClause
    postgresql_where: TextClause


def only_where(condition: str) -> _Options:
    """Return the options of an Index that holds only the rows with this condition, written in SQL."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def only_false(column: str, condition: str) -> _Options:
    """Return the options of an Index that holds only the rows with a false column and this condition."""
    return {
        "sqlite_where": text(f"{column} = 0 AND {condition}"),
        "postgresql_where": text(f"NOT {column} AND {condition}"),
    }


def only_true(column: str) -> _Options:
    """Return the options of an Index that holds only the rows in which a column is true."""
    return {"sqlite_where": text(f"{column} = 1"), "postgresql_where": text(column)}
