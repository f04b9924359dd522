"""Where a page of a list begins that is in the order of a time: the key of the last row before it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Protocol, TypeVar


class _Page(Protocol):
    @property
    def after(self) -> str | None: ...


Page = TypeVar("Page", bound=_Page)


def all_pages(page: Callable[[str | None], Page]) -> Iterator[Page]:
    """Yield every page of a list. `page` returns the one after a key, and for None the first."""
    found = page(None)
    yield found
    while found.after is not None:
        found = page(found.after)
        yield found


def key_of(moment: datetime, row_id: int | str) -> str:
    """Return the key of a row, to stand in an address."""
    return f"{moment.isoformat()}_{row_id}"


def read_key(key: str | None) -> tuple[datetime, int] | None:
    """Return the time and the number of the row; None for what is no key."""
    found = read_text_key(key)
    if found is None:
        return None
    moment, row_id = found
    return (moment, int(row_id)) if row_id.isdecimal() and len(row_id) < 10 else None


def read_text_key(key: str | None) -> tuple[datetime, str] | None:
    """Return the time and the random id of the row; None for what is no key."""
    time, _, row_id = (key or "").partition("_")
    try:
        typed = datetime.fromisoformat(time)
        moment = typed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return (moment, row_id) if typed.tzinfo and row_id.isascii() and row_id.isalnum() else None
