"""What the cells of a row mean: a role, groups, a day, whether somebody is disabled in the directory."""

import re
from collections.abc import Container, Iterable
from datetime import UTC, date, datetime, timedelta

from mfa_app.core.common import days, text
from mfa_app.core.common.email_addresses import name_key
from mfa_app.models import Role

_ROLES = {
    Role.STAFF: "staff employee medewerker mitarbeiter mitarbeiterin employe personnel",
    Role.HELPDESK: "helpdesk servicedesk support assistance",
    Role.ADMIN: "admin administrator administratrice administrateur beheerder",
}

_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names.split()}

_NO = frozenset(["false", "0", "no", "nee", "nein", "non", "onwaar", "falsch", "faux", "uitgeschakeld"])

# A distinguished name of a directory: CN=Sales\, EMEA,OU=Groups,DC=firma,DC=nl
_DISTINGUISHED = re.compile(r"(?:^|[;|\n])\s*CN=((?:\\.|[^,\\])+),(?=[^;|]*DC=)", re.IGNORECASE)

_ESCAPED = re.compile(r"\\(.)")

_COLLECTION = "Microsoft.ActiveDirectory.Management."  # what Export-Csv writes in place of a list

# Names as `group_cell` writes them: | is between them, \| within one, and \\ is a backslash.
_WRITTEN = re.compile(r"(?:\\[\\|]|[^|])+")
_ESCAPED_SIGN = re.compile(r"\\([\\|])")
_SIGN = re.compile(r"[\\|]")

_OTHER_SEPARATORS = ";,\n"

_NEVER = {"0", "9223372036854775807", "never", "nooit", "nie", "jamais"}

_ISO = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ].*)?")
_DOTTED = re.compile(r"(\d\d?)[.-](\d\d?)[.-](\d{4})(?: .*)?")
_SLASHED = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})(?: .*)?")

_WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)")
_MIDNIGHT = re.compile(r"|0?0[:.]00([:.]00(\.0+)?)?|12[:.]00([:.]00)?\s?AM", re.IGNORECASE)

_WINDOWS_BEGINS = datetime(1601, 1, 1, tzinfo=UTC)


def role_of(cell: str) -> Role | None:
    """Return the role that a cell names in one of four languages, or None."""
    letters = (letter for letter in text.without_accents(cell) if letter.isalnum())
    return _ROLE_OF.get("".join(letters))


def is_disabled(cell: str) -> bool:
    """Return True if a cell of the column "Enabled" says no."""
    return cell.lower() in _NO


def group_names(cell: str, known: Container[str]) -> list[str]:
    """Return the names of the groups in a cell, each once. `known` holds the comparison keys of all groups.

    They are separated by |, ; or a comma, and a group may have each of these in its name. `group_cell` writes
    names so that they come back. Of an Active Directory's distinguished names the common name counts.
    """
    if not cell or cell.startswith(_COLLECTION):
        return []
    named = [_ESCAPED.sub(r"\1", name) for name in _DISTINGUISHED.findall(cell)]
    parts = named or _split(cell, known)
    names = {name_key(name): name for name in map(text.one_line, parts) if name}
    return list(names.values())


def group_cell(names: Iterable[str]) -> str:
    """Return the cell in which `group_names` finds these groups."""
    return "|".join(_SIGN.sub(r"\\\g<0>", name) for name in names)


def _split(cell: str, known: Container[str]) -> list[str]:
    """Return the names in a cell: in the first way in which there are such groups, else as it was written."""
    written = [_ESCAPED_SIGN.sub(r"\1", name) for name in _WRITTEN.findall(cell)]
    others = [cell.split(separator) for separator in _OTHER_SEPARATORS if separator in cell]
    for way in (written, [cell], cell.split("|"), *others):
        if all(name_key(name) in known for name in way if name.strip()):
            return way
    return others[0] if others and "|" not in cell else written


def day_of(cell: str) -> date | None:
    """Return the day that a cell names, None for never. Raises ValueError if that isn't clear.

    2027-03-31, 31.03.2027, 31-3-2027, 31/3/2027, 3/31/2027, or a directory's file time. 3/4/2027 is refused:
    it can be one of two days.
    """
    if not cell or cell.lower() in _NEVER:
        return None
    if _is_file_time(cell):
        return _of_file_time(int(cell))
    if found := _ISO.fullmatch(cell):
        return date(int(found[1]), int(found[2]), int(found[3]))
    if found := _DOTTED.fullmatch(cell):
        return date(int(found[3]), int(found[2]), int(found[1]))
    if found := _SLASHED.fullmatch(cell):
        return _of_slashes(int(found[1]), int(found[2]), int(found[3]))
    raise ValueError


def day_before(cell: str) -> date | None:
    """Return the last day of an account that ends at the time in a cell, None for never. Raises ValueError.

    A directory says from when the account is closed: 2027-04-01, or 1-4-2027 00:00:00, is after 31 March.
    """
    if found := _WITH_ZONE.fullmatch(cell):
        return days.last_before(datetime.fromisoformat(found[0].replace("Z", "+00:00")))
    day = day_of(cell)
    if day is None or _is_file_time(cell):
        return day
    if day.year <= _WINDOWS_BEGINS.year:
        return None
    time = cell.partition("T" if "T" in cell.partition(" ")[0] else " ")[2]
    return day - timedelta(days=1) if _MIDNIGHT.fullmatch(time) else day


def _of_slashes(first: int, second: int, year: int) -> date:
    if first <= 12 and second <= 12 and first != second:
        raise ValueError
    return date(year, first, second) if second > 12 else date(year, second, first)


def _is_file_time(cell: str) -> bool:
    """Return True for a number that is too long for a day without its separators."""
    return cell.isdecimal() and len(cell) > 10


def _of_file_time(ticks: int) -> date | None:
    """Return the last day of an account that ends at this time, in units of 100 ns since 1601."""
    try:
        ends = _WINDOWS_BEGINS + timedelta(microseconds=ticks // 10)
        return days.last_before(ends)
    except OverflowError:
        return None
