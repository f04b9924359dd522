"""The audit trail as CSV that is safe to open in a spreadsheet."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from mfa_app.core.common.csv_cells import BYTE_ORDER_MARK, line

COLUMNS = (
    "id",
    "at",
    "event",
    "actor_kind",
    "actor_id",
    "actor_name",
    "subject_id",
    "subject_name",
    "ip_address",
    "user_agent",
    "details",
    "previous",
    "mac",
)


def lines(rows: Iterable[Row[Any]]) -> Iterator[str]:
    """Yield the lines of the file one by one, the heading first."""
    yield BYTE_ORDER_MARK + line(COLUMNS)
    for row in rows:
        yield line(_cell(getattr(row, column)) for column in COLUMNS)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return "" if value is None else str(value)
