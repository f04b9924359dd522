"""Column types: one way to store a time, row ids that can't be guessed, and how large a number can be."""

import uuid
from datetime import UTC, datetime

from sqlalchemy import BindParameter, DateTime, Dialect
from sqlalchemy.types import TypeDecorator

LARGEST_ID = 2**31 - 1  # PostgreSQL's integer

# A time, or the parameter by which a statement that is built once gets it.
Moment = datetime | BindParameter[datetime]


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC. Takes and returns aware datetimes. Raises ValueError for a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_id() -> str:
    """Return a random id of 122 bits. It exists before the INSERT, so a secret can be sealed to its row."""
    return uuid.uuid4().hex
