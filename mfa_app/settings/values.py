"""What the text of a setting may be and what it means, in the environment, a file, or on the page *Site*."""

import enum
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

DIGITS = "0123456789"
NEVER_PREPARED = "prepare_threshold"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
SITE_NAME_CHARACTERS, SITE_NAME_BYTES = 60, 120  # it stands twice in each QR code, in an encoding of its own

OWN_WORDS = 1000  # characters of a paragraph of the company's own

ENCODED_WORD = "=?"  # RFC 2047: a mail's header decodes it, and then names another mailbox

# Reserved, but in use where a network has no name on the internet: nas.home.arpa, localhost, corp.test.
# The library has no argument for this; its documentation says to change the list.
for _inside in ("arpa", "local", "localhost", "test"):
    SPECIAL_USE_DOMAIN_NAMES.remove(_inside)


@dataclass(frozen=True)
class Application:
    """A link on the home page to one of the platform's applications."""

    name: str
    url: str


def text(value: str) -> str:
    """Return a text of one line that can be shown. Raises ValueError."""
    if not value.isprintable():
        raise ValueError("must be one line of readable text")
    return value


def site_name(value: str) -> str:
    """Return a name that fits into a QR code. Raises ValueError."""
    if len(value) > SITE_NAME_CHARACTERS or len(text(value).encode()) > SITE_NAME_BYTES:
        raise ValueError(
            f"must have {SITE_NAME_CHARACTERS} characters at most, and {SITE_NAME_BYTES} bytes in UTF-8: "
            "it stands in the QR codes that people scan"
        )
    return text(value)


def display_name_of(value: str) -> str:
    """Return a name that pages and mails can show. Raises ValueError."""
    if len(value) > SITE_NAME_CHARACTERS:
        raise ValueError(f"must have {SITE_NAME_CHARACTERS} characters at most")
    return text(value)


def own_words(value: str) -> str:
    """Return a paragraph that pages and mails can show. Raises ValueError."""
    if len(value) > OWN_WORDS:
        raise ValueError(f"must have {OWN_WORDS} characters at most")
    return text(value)


def email_address(value: str) -> str:
    """Return an address that mail can be sent to, and that a page may show. Raises ValueError."""
    try:
        valid = validate_email(value, check_deliverability=False, globally_deliverable=False)
        encoded = ENCODED_WORD in valid.local_part
    except EmailNotValidError:
        encoded = True
    if encoded:
        raise ValueError("must be an email address, such as help@example.com")
    return value


def sender_address(value: str) -> str:
    """Return an address that mails can come from. Raises ValueError."""
    local, _at, domain = email_address(value).rpartition("@")
    if not local.isascii():
        raise ValueError("must have only letters without accents before the @: many servers take no others")
    return f"{local}@{domain}"


def web_address(value: str) -> str:
    """Return an address of a page, without a slash at its end. Raises ValueError."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
        usable = usable and value.isprintable() and " " not in value
    except ValueError:
        usable = False
    if not usable or parts.username is not None:
        raise ValueError("must be a web address, such as https://login.example.com")
    return value.rstrip("/")


def phone_number(value: str) -> str:
    """Return a telephone number as people write it. Raises ValueError."""
    digits = sum(letter in DIGITS for letter in value)
    if set(value) - set(DIGITS + "+-/.() ") or "+" in value[1:] or not 3 <= digits <= 20 or len(value) > 40:
        raise ValueError("must be a telephone number, such as +31 20 555 0100")
    return value


class ResetLeadsTo(enum.StrEnum):
    """What a reset leads to: linking, after the password alone or after one more proof of who it is."""

    LINK = "link"
    EMAIL_CODE = "email-code"
    ACCESS_PASS = "access-pass"


def leads_to(value: str) -> ResetLeadsTo:
    """Return what a reset leads to. Raises ValueError."""
    if value not in set(ResetLeadsTo):
        raise ValueError(f"must be one of: {', '.join(ResetLeadsTo)}")
    return ResetLeadsTo(value)


def public_url(value: str) -> str:
    """Return the address that people type, without a slash at its end. Raises ValueError."""
    parts = urlsplit(web_address(value))
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must be scheme and host alone, such as https://login.example.com, without a path")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError(
            "must begin with https:// unless the host is this machine itself (127.0.0.1 or localhost): "
            "over plain http anyone on the way reads passwords and codes"
        )
    return value.rstrip("/")


def database_url(value: str) -> str:
    """Return the address of a database as SQLAlchemy reads it. Raises ValueError."""
    scheme, _, rest = value.partition("://")
    if scheme in ("postgres", "postgresql"):
        value = f"postgresql+psycopg://{rest}"
    try:
        url = make_url(value)
        usable = url.drivername == "postgresql+psycopg" or (url.drivername == "sqlite" and not url.host)
    except (ArgumentError, ValueError):
        usable = False
    if not usable:
        raise ValueError(
            "must be a PostgreSQL address, such as postgresql://user:password@host/name, or sqlite:///file"
        )
    if url.drivername == "sqlite" and (url.database or ":memory:") == ":memory:":
        raise ValueError("must name a file, such as sqlite:////var/lib/second-gate/site.sqlite3")
    return _with_known_options(value, url) if url.drivername.startswith("postgresql") else value


def _with_known_options(value: str, url: URL) -> str:
    """Return the address without `prepare_threshold`, which PgBouncer's manual asks for and the site obeys.

    Any other option is one of libpq, or the driver would take the text for its own switches, `autocommit`
    among them.
    """
    if not url.query:
        return value
    from psycopg.pq import Conninfo  # a site on SQLite need not load the driver

    known = {option.keyword.decode() for option in Conninfo.get_defaults()} | {NEVER_PREPARED}
    unknown = sorted(url.query.keys() - known)
    if unknown:
        raise ValueError(f"must not have an option that PostgreSQL does not know: {', '.join(unknown)}")
    if NEVER_PREPARED in url.query:
        value = url.difference_update_query([NEVER_PREPARED]).render_as_string(hide_password=False)
    return value


def smtp_address(value: str) -> str:
    """Return the address of a mail server, with user name and password if it has any. Raises ValueError."""
    try:
        parts = urlsplit(value)
        usable = (
            parts.scheme in ("smtp", "smtps", "smtp+starttls") and parts.hostname and (parts.port or True)
        )
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(
            "must be like smtp+starttls://user:password@mail.example.com:587 "
            "(or smtps:// for TLS from the start, smtp:// for a relay on the same machine)"
        )
    return value


def number(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a whole number of this range, and raises ValueError for anything else."""

    def read(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return number

    return read


def yes_or_no(value: str) -> bool:
    """Return what a yes or a no stands for. Raises ValueError."""
    answers = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if value.lower() not in answers:
        raise ValueError("must be yes or no")
    return answers[value.lower()]


def applications(value: str) -> tuple[Application, ...]:
    """Return the applications of one text, in which semicolons part them. Raises ValueError."""
    return applications_of(value.split(";"))


def applications_of(entries: Iterable[str]) -> tuple[Application, ...]:
    """Return the applications of texts such as `Wiki=https://wiki.example.com`. Raises ValueError."""
    found = []
    for entry in filter(str.strip, entries):
        name, separator, url = entry.partition("=")
        if not (name.strip() and separator):
            raise ValueError("must be like Wiki=https://wiki.example.com; Mail=https://mail.example.com")
        found.append(Application(name.strip(), web_address(url.strip())))
    return tuple(found)


_WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_HOURS = re.compile(r"([A-Z][a-z]{2})(?:-([A-Z][a-z]{2}))? ([0-2]\d:[0-5]\d)-([0-2]\d:[0-5]\d)")


@dataclass(frozen=True)
class OfficeHours:
    """When an office is open: as it was typed, and as days of the week, Monday is 0, with two times each."""

    text: str
    spans: tuple[tuple[range, time, time], ...]

    def hold_at(self, local: datetime) -> bool:
        """Return True at this time of the company's clocks. The end of a span is outside."""
        now = local.time()
        return any(local.weekday() in days and begin <= now < end for days, begin, end in self.spans)


def office_hours_of(value: str) -> OfficeHours:
    """Return the hours of a text such as `Mon-Thu 08:00-18:00, Fri 08:00-16:00`. Raises ValueError."""
    return OfficeHours(value, tuple(_span(entry.strip()) for entry in value.split(",")))


def _span(entry: str) -> tuple[range, time, time]:
    try:
        first, last, begin, end = _HOURS.fullmatch(entry).groups()  # type: ignore[union-attr]
        days = range(_WEEK.index(first), _WEEK.index(last or first) + 1)
        opens, closes = time.fromisoformat(begin), time.fromisoformat(end)
    except (AttributeError, ValueError):
        days = range(0)
    if not days or opens >= closes:
        raise ValueError("must be like Mon-Fri 08:00-18:00; several are separated by commas")
    return days, opens, closes


def networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks of a text, in which commas part them. Raises ValueError."""
    try:
        found = tuple(ip_network(entry.strip()) for entry in value.split(",") if entry.strip())
    except ValueError:
        found = ()
    if not found:
        raise ValueError("must be a list of networks, such as 127.0.0.1/32, 10.0.8.0/24")
    return found


def time_zone_named(value: str) -> ZoneInfo:
    """Return the time zone of this name. Raises ValueError."""
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # unknown; not a name at all; a folder of names
        raise ValueError("must be the name of a time zone, such as Europe/Amsterdam") from None


def secret_keys(value: str) -> str:
    """Return keys that are long enough, separated by commas. Raises ValueError."""
    if any(len(key) < 32 for key in value.split(",")):
        raise ValueError("must have at least 32 random characters (old ones may follow, separated by commas)")
    return value
