"""Every setting of the site, with its default, its meaning and the check that refuses a wrong value."""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
SITE_NAME_CHARACTERS, SITE_NAME_BYTES = 60, 120  # it stands twice in each QR code, in an encoding of its own


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


def _email(value: str) -> str:
    try:
        validate_email(value, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise ValueError("must be an e-mail address, such as help@example.com") from None
    return value


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
        usable = usable and value.isprintable() and " " not in value
    except ValueError:
        usable = False
    if not usable or parts.username is not None:
        raise ValueError("must be a web address, such as https://login.example.com")
    return value.rstrip("/")


def _public_url(value: str) -> str:
    parts = urlsplit(_web_address(value))
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must be scheme and host alone, such as https://login.example.com, without a path")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError(
            "must begin with https:// unless the host is this machine itself (127.0.0.1 or localhost): "
            "over plain http anybody on the way reads passwords and codes"
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
    return value


def _smtp_url(value: str) -> str:
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


def _applications(value: str) -> tuple[Application, ...]:
    entries = [entry.strip() for entry in value.split(";") if entry.strip()]
    applications = []
    for entry in entries:
        name, separator, url = entry.partition("=")
        if not (name.strip() and separator):
            raise ValueError("must be like Wiki=https://wiki.example.com; Mail=https://mail.example.com")
        applications.append(Application(name.strip(), _web_address(url.strip())))
    return tuple(applications)


def _networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        networks = tuple(ip_network(entry.strip()) for entry in value.split(",") if entry.strip())
    except ValueError:
        networks = ()
    if not networks:
        raise ValueError("must be a list of networks, such as 127.0.0.1/32, 10.0.8.0/24")
    return networks


def _secret(value: str) -> str:
    if any(len(key) < 32 for key in value.split(",")):
        raise ValueError("must have at least 32 random characters (old ones may follow, separated by commas)")
    return value


@dataclass(frozen=True)
class Setting:
    """One setting: its name in the environment, default, one line of explanation, and its reader."""

    name: str
    default: Any
    meaning: str
    read: Callable[[str], Any] = _text


SETTINGS = (
    Setting("MFA_INSTANCE_PATH", str(PROJECT_ROOT / "instance"), "folder of the embedded default", Path),
    Setting(
        "MFA_DATABASE_URL", None, "PostgreSQL address; else SQLite in the instance folder", _database_url
    ),
    Setting("MFA_PUBLIC_URL", None, "address people type, else http://127.0.0.1:PORT", _public_url),
    Setting("MFA_SITE_NAME", "Second Gate", "name on the pages and in authentication apps", _site_name),
    Setting("MFA_ADMIN_EMAIL", None, "administrator's address, shown to locked-out people", _email),
    Setting("MFA_HELP_EMAIL", None, "help desk's address, shown to locked-out people", _email),
    Setting("MFA_HELP_URL", None, "help desk's web page", _web_address),
    Setting("MFA_SMTP_URL", None, "mail server; else mails become files in outbox/", _smtp_url),
    Setting("MFA_MAIL_FROM", None, "sender of the mails, else second-gate@<public host>", _email),
    Setting("MFA_TRUSTED_PROXY_HOPS", 0, "number of reverse proxies in front", _number(0, 5)),
    Setting("MFA_MONITORING_NETWORKS", "127.0.0.1/32, ::1/128", "who may read /metrics", _networks),
    Setting("MFA_APPLICATIONS", "", "links on the home page: Name=URL; Name=URL", _applications),
    Setting("MFA_SECRET_KEY", None, "signs cookies, else from the file keys", _secret),
    Setting("MFA_DATA_KEYS", None, "seal the apps' secrets: id:base64,id:base64, else from the file keys"),
    Setting("PORT", 8000, "port that the site listens on", _number(1, 65535)),
)


@dataclass(frozen=True)
class Settings:
    """The settings as read, one attribute each; see SETTINGS for their meaning."""

    instance_path: Path
    database_url: str
    public_url: str
    site_name: str
    admin_email: str | None
    help_email: str | None
    help_url: str | None
    smtp_url: str | None
    mail_from: str
    trusted_proxy_hops: int
    monitoring_networks: tuple[IPv4Network | IPv6Network, ...]
    applications: tuple[Application, ...]
    secret_key: str | None
    data_keys: str | None
    port: int

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
    def public_host(self) -> str:
        return urlsplit(self.public_url).hostname or "localhost"


def _file_settings(folder: Path) -> dict[str, Any]:
    path = folder / "settings.toml"
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingError(f"{path} cannot be read: {error}.") from None
    unknown = sorted(set(values) - {setting.name for setting in SETTINGS})
    if unknown:
        raise SettingError(f"{path} names a setting that does not exist: {', '.join(unknown)}.")
    if "MFA_INSTANCE_PATH" in values:
        raise SettingError(
            f"MFA_INSTANCE_PATH cannot stand in {path}, which it names; set it in the environment."
        )
    return values


def _read(setting: Setting, values: Mapping[str, Any]) -> Any:
    value = values.get(setting.name)
    if value is None or value == "":
        value = setting.default
    if value is None:
        return None
    if not isinstance(value, str | int):
        raise SettingError(f"{setting.name} must be text in quotes, or a number.")
    try:
        return setting.read(str(value))
    except ValueError as error:
        raise SettingError(f"{setting.name} {error}.") from None


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read all settings from the environment, else from `settings.toml` in the instance folder.

    Raises SettingError, whose message says in one sentence what is wrong and what is expected.
    """
    folder = _read(SETTINGS[0], environ)
    values = {**_file_settings(folder), **{name: value for name, value in environ.items() if value}}
    read = {setting.name.removeprefix("MFA_").lower(): _read(setting, values) for setting in SETTINGS}
    read["instance_path"] = folder
    read["database_url"] = read["database_url"] or f"sqlite:///{folder.resolve() / 'second-gate.sqlite3'}"
    read["public_url"] = read["public_url"] or f"http://127.0.0.1:{read['port']}"
    host = urlsplit(read["public_url"]).hostname
    read["mail_from"] = read["mail_from"] or f"second-gate@{host}"
    return Settings(**read)
