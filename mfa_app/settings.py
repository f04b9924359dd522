"""Every setting of the site, declared once: name, type, default, meaning and check."""

import enum
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic import AliasGenerator, Field, PlainValidator, PrivateAttr, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "MFA_"
DIGITS = "0123456789"
DEFAULT_SITE_NAME = "Second Gate"
BYTE_ORDER_MARK = "\ufeff"  # some editors write it before the first line
PROJECT_ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 8000
USUAL_PORTS = {"https": frozenset({443}), "http": frozenset({80, DEFAULT_PORT})}
NEVER_PREPARED = "prepare_threshold"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
SITE_NAME_CHARACTERS, SITE_NAME_BYTES = 60, 120  # it stands twice in each QR code, in an encoding of its own

OWN_WORDS = 1000  # characters of a paragraph of the company's own

ENCODED_WORD = "=?"  # RFC 2047: a mail's header decodes it, and then names another mailbox

# Reserved, but in use where a network has no name on the internet: nas.home.arpa, localhost, corp.test.
# The library has no argument for this; its documentation says to change the list.
for _inside in ("arpa", "local", "localhost", "test"):
    SPECIAL_USE_DOMAIN_NAMES.remove(_inside)


class SettingError(ValueError):
    """A setting has a value the site cannot start with; the message is a sentence for the engineer."""


@dataclass(frozen=True)
class Application:
    """A link on the home page to one of the platform's applications."""

    name: str
    url: str


def _text(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line of readable text")
    return value


def _site_name(value: str) -> str:
    if len(value) > SITE_NAME_CHARACTERS or len(_text(value).encode()) > SITE_NAME_BYTES:
        raise ValueError(
            f"must have {SITE_NAME_CHARACTERS} characters at most, and {SITE_NAME_BYTES} bytes in UTF-8: "
            "it stands in the QR codes that people scan"
        )
    return _text(value)


def display_name_of(value: str) -> str:
    """Return a name that pages and mails can show. Raises ValueError."""
    if len(value) > SITE_NAME_CHARACTERS:
        raise ValueError(f"must have {SITE_NAME_CHARACTERS} characters at most")
    return _text(value)


def own_words(value: str) -> str:
    """Return a paragraph that pages and mails can show. Raises ValueError."""
    if len(value) > OWN_WORDS:
        raise ValueError(f"must have {OWN_WORDS} characters at most")
    return _text(value)


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


def _public_url(value: str) -> str:
    parts = urlsplit(web_address(value))
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must be scheme and host alone, such as https://login.example.com, without a path")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError(
            "must begin with https:// unless the host is this machine itself (127.0.0.1 or localhost): "
            "over plain http anyone on the way reads passwords and codes"
        )
    return value.rstrip("/")


def _database_url(value: str) -> str:
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


def _number(low: int, high: int) -> Callable[[str], int]:
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


def _applications(value: str) -> tuple[Application, ...]:
    return applications_of(value.split(";"))


def applications_of(entries: Iterable[str]) -> tuple[Application, ...]:
    """Return the applications of texts such as `Wiki=https://wiki.example.com`. Raises ValueError."""
    applications = []
    for entry in filter(str.strip, entries):
        name, separator, url = entry.partition("=")
        if not (name.strip() and separator):
            raise ValueError("must be like Wiki=https://wiki.example.com; Mail=https://mail.example.com")
        applications.append(Application(name.strip(), web_address(url.strip())))
    return tuple(applications)


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


def _networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        networks = tuple(ip_network(entry.strip()) for entry in value.split(",") if entry.strip())
    except ValueError:
        networks = ()
    if not networks:
        raise ValueError("must be a list of networks, such as 127.0.0.1/32, 10.0.8.0/24")
    return networks


def time_zone_named(value: str) -> ZoneInfo:
    """Return the time zone of this name. Raises ValueError."""
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # unknown; not a name at all; a folder of names
        raise ValueError("must be the name of a time zone, such as Europe/Amsterdam") from None


def _secret(value: str) -> str:
    if any(len(key) < 32 for key in value.split(",")):
        raise ValueError("must have at least 32 random characters (old ones may follow, separated by commas)")
    return value


Text = Annotated[str, PlainValidator(_text)]
Email = Annotated[str, PlainValidator(email_address)]
WebAddress = Annotated[str, PlainValidator(web_address)]
OwnWords = Annotated[str, PlainValidator(own_words)]
Phone = Annotated[str, PlainValidator(phone_number)]
Networks = tuple[IPv4Network | IPv6Network, ...]


def _public_url_default(settings: dict[str, Any]) -> str:
    return f"http://127.0.0.1:{settings['port']}"


def _database_url_default(settings: dict[str, Any]) -> str:
    return f"sqlite:///{settings['instance_path'].resolve() / 'second-gate.sqlite3'}"


def _mail_from_default(settings: dict[str, Any]) -> str:
    host = urlsplit(settings["public_url"]).hostname
    return f"second-gate@[IPv6:{host}]" if ":" in host else f"second-gate@{host}"


class Settings(BaseSettings):
    """The settings of the site. Only `load_settings` makes one.

    A setting is the field `site_name` here, and `MFA_SITE_NAME` in the environment and in `settings.toml`.
    Fields with `repr=False` hold secrets, or addresses with a password in them.
    """

    model_config = SettingsConfigDict(
        alias_generator=AliasGenerator(validation_alias=lambda field: PREFIX + field.upper()),
        case_sensitive=True,
        enable_decoding=False,  # a list is what its check makes of the text, not JSON
        frozen=True,
        hide_input_in_errors=True,
        validate_default=False,
    )

    instance_path: Path = Field(
        PROJECT_ROOT / "instance", description="folder of the embedded default: database, keys, outbox"
    )
    port: Annotated[int, PlainValidator(_number(1, 65535))] = Field(
        DEFAULT_PORT, validation_alias="PORT", description="port on 127.0.0.1"
    )
    workers: Annotated[int, PlainValidator(_number(1, 64))] = Field(
        2, validation_alias="WEB_CONCURRENCY", description="number of processes that serve the site"
    )
    database_url: Annotated[str, PlainValidator(_database_url)] = Field(
        default_factory=_database_url_default,
        description="PostgreSQL address; else SQLite in the instance folder",
        repr=False,
    )
    public_url: Annotated[str, PlainValidator(_public_url)] = Field(
        default_factory=_public_url_default, description="address people type, else http://127.0.0.1:PORT"
    )
    site_name: Annotated[str, PlainValidator(_site_name)] = Field(
        DEFAULT_SITE_NAME, description="name on the pages and in authentication apps"
    )
    display_name: Annotated[str, PlainValidator(display_name_of)] | None = Field(
        None, description="name on the pages and in the mails, else that of MFA_SITE_NAME"
    )
    time_zone: Annotated[ZoneInfo, PlainValidator(time_zone_named)] = Field(
        ZoneInfo("UTC"), description="time zone of the company, in which its days begin and end"
    )
    admin_email: Email | None = Field(None, description="administrator's address, shown to locked-out people")
    help_email: Email | None = Field(None, description="help desk's address, shown to locked-out people")
    help_phone: Phone | None = Field(None, description="help desk's telephone, shown to locked-out people")
    help_url: WebAddress | None = Field(None, description="help desk's web page")
    reset_leads_to: Annotated[ResetLeadsTo, PlainValidator(leads_to)] = Field(
        ResetLeadsTo.LINK, description="what a reset leads to: link, email-code or access-pass"
    )
    linking_text: OwnWords | None = Field(None, description="your paragraph on the page that links an app")
    mail_text: OwnWords | None = Field(None, description="your paragraph in the emails")
    smtp_url: Annotated[str, PlainValidator(smtp_address)] | None = Field(
        None, description="mail server; else mails become files in outbox/", repr=False
    )
    mail_from: Annotated[str, PlainValidator(sender_address)] = Field(
        default_factory=_mail_from_default,
        description="sender of the mails, else second-gate@<public host>",
    )
    trusted_proxy_hops: Annotated[int, PlainValidator(_number(0, 5))] = Field(
        0, description="number of reverse proxies in front"
    )
    hsts_subdomains: Annotated[bool, PlainValidator(yes_or_no)] = Field(
        False, description="yes: all subdomains of the public host are reachable by https only"
    )
    monitoring_networks: Annotated[Networks, PlainValidator(_networks)] = Field(
        _networks("127.0.0.1/32, ::1/128"), description="networks that may read /metrics"
    )
    known_networks: Annotated[Networks, PlainValidator(_networks)] = Field(
        (), description="networks in which many people share an IP address, such as offices"
    )
    applications: Annotated[tuple[Application, ...], PlainValidator(_applications)] = Field(
        (), description="links on the home page: Name=URL; Name=URL"
    )
    approve_resets: Annotated[bool, PlainValidator(yes_or_no)] = Field(
        True, description="yes: another helper has to approve a risky reset"
    )
    office_hours: Annotated[OfficeHours, PlainValidator(office_hours_of)] | None = Field(
        None, description="outside of them a reset is risky, such as Mon-Fri 08:00-18:00"
    )
    secret_key: Annotated[str, PlainValidator(_secret)] | None = Field(
        None, description="signs cookies, else from the file keys", repr=False
    )
    data_keys: Text | None = Field(
        None,
        description="seal the apps' secrets: id:base64,id:base64, else from the file keys",
        repr=False,
    )

    _in_environment: frozenset[str] = PrivateAttr(frozenset())

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(environ=dict(environ))
        self._in_environment = frozenset(name for alias, name in NAMES.items() if environ.get(alias))

    def is_in_environment(self, name: str) -> bool:
        """Return True if the environment sets a setting, rather than the file in the instance folder."""
        return name in self._in_environment

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment that `load_settings` was given, else the file in the instance folder."""
        environ = init_settings()["environ"]
        return tuple(
            InitSettingsSource(settings_cls, init_kwargs=values)
            for values in (_from_environment(environ), _from_file(_instance_folder(environ)))
        )

    def make_instance_folder(self) -> None:
        """Make the folder of the embedded default if it is missing. Raises SettingError."""
        try:
            self.instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(
                f"MFA_INSTANCE_PATH: the folder {error.filename} cannot be made: {error.strerror}."
            ) from None

    @property
    def https(self) -> bool:
        """Decided by the configured address, never by a request: it rules cookie names and Secure."""
        return self.public_url.startswith("https://")

    @property
    def issuer(self) -> str:
        """Return the name under which authentication apps show the site's codes.

        The default name alone would be that of every other new site, whose entry some apps would overwrite.
        """
        return f"{self.site_name} ({self.public_host})" if self.has_default_name else self.site_name

    @property
    def has_default_name(self) -> bool:
        """Return True if nobody has chosen a name for this site."""
        return self.site_name == DEFAULT_SITE_NAME

    @property
    def public_host(self) -> str:
        """Return the host of the configured address, without its port."""
        return urlsplit(self.public_url).hostname or "localhost"

    @property
    def unusual_port(self) -> int | None:
        """Return the port of the configured address, or None if it is the usual one.

        Cookies ignore ports, so two sites on one host would overwrite each other's without it in their names.
        """
        parts = urlsplit(self.public_url)
        return None if parts.port in USUAL_PORTS[parts.scheme] else parts.port


NAMES = {str(field.validation_alias): name for name, field in Settings.model_fields.items()}


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read all settings from the environment, else from `settings.toml` in the instance folder.

    Raises SettingError, whose message says in one sentence what is wrong and what is expected.
    """
    try:
        return Settings(environ)
    except ValidationError as errors:
        first = errors.errors(include_url=False, include_input=False)[0]
        raise SettingError(f"{first['loc'][0]} {first['ctx']['error']}.") from None


def _instance_folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("MFA_INSTANCE_PATH") or Settings.model_fields["instance_path"].default)


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    values = {name: value for name, value in environ.items() if value}  # an empty value is none
    for name in sorted(values.keys() - NAMES.keys()):
        if name.upper().lstrip(BYTE_ORDER_MARK).startswith(PREFIX):
            raise SettingError(f"{name} is not a setting.{_hint(name)}")
    return {name: value for name, value in values.items() if name in NAMES}


def _from_file(folder: Path) -> dict[str, str]:
    path = folder / "settings.toml"
    try:
        values = tomllib.loads(path.read_text("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError:
        raise SettingError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise SettingError(f"{path} cannot be read: {error}.") from None
    unknown = sorted(values.keys() - NAMES.keys())
    if unknown:
        hint = _hint(unknown[0])
        raise SettingError(f"{path} names a setting that does not exist: {', '.join(unknown)}.{hint}")
    if "MFA_INSTANCE_PATH" in values:
        raise SettingError(
            f"MFA_INSTANCE_PATH cannot stand in {path}, which it names; set it in the environment."
        )
    return {name: _as_text(name, value) for name, value in values.items() if value != ""}


def _as_text(name: str, value: Any) -> str:
    if not isinstance(value, str | int):
        raise SettingError(f"{name} must be text in quotes, or a number.")
    return str(value)


def _hint(wrong: str) -> str:
    names = {name.removeprefix(PREFIX): name for name in NAMES}
    meant = wrong.upper().lstrip(BYTE_ORDER_MARK).removeprefix(PREFIX)
    close = get_close_matches(meant, names, n=1, cutoff=0.7)
    return f" Did you mean {names[close[0]]}?" if close else ""
