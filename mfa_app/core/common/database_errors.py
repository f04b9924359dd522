"""What a database says when it refuses, on one line and without passwords; and which database that is."""

import enum
import sqlite3

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from mfa_app.models.connections import DISK_FULL, READ_ONLY_TRANSACTION, primary_code

UNDEFINED = frozenset({"42P01", "42703"})  # PostgreSQL's SQLSTATE of a table or a column that is not there


def name_of(url: URL) -> str:
    """Return the name of the database and its host, or the path of the file."""
    host = url.host or url.query.get("host")
    return f"{url.database} at {host}" if host else str(url.database)


def reason_of(error: SQLAlchemyError, url: URL) -> str:
    """Return the first line of the driver's message, with the passwords of the address masked."""
    text = str(getattr(error, "orig", None) or error).strip().partition("\n")[0].rstrip(".:; ")
    for secret in (url.password, url.query.get("password")):
        text = text.replace(str(secret), "***") if secret else text
    return text


class Obstacle(enum.Enum):
    """What keeps a database from saving anything, as far as its error tells."""

    FULL = enum.auto()
    READ_ONLY = enum.auto()
    OTHER = enum.auto()


def obstacle_of(error: SQLAlchemyError) -> Obstacle:
    """Return what the error of a write is about."""
    cause = getattr(error, "orig", None)
    code = primary_code(cause) if isinstance(cause, sqlite3.Error) else getattr(cause, "sqlstate", None)
    found = {
        sqlite3.SQLITE_FULL: Obstacle.FULL,
        sqlite3.SQLITE_READONLY: Obstacle.READ_ONLY,
        DISK_FULL: Obstacle.FULL,
        READ_ONLY_TRANSACTION: Obstacle.READ_ONLY,
    }
    return found.get(code or 0, Obstacle.OTHER)


def says_tables_are_missing(error: SQLAlchemyError) -> bool:
    """Return True if a table or a column is not there, as before a migration."""
    cause = getattr(error, "orig", None)
    if isinstance(cause, sqlite3.Error):
        return str(cause).startswith(("no such table", "no such column")) or "has no column" in str(cause)
    return getattr(cause, "sqlstate", None) in UNDEFINED
