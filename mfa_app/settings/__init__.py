"""Every setting of the site, declared once: name, type, default and meaning. `values.py` has the checks."""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AliasGenerator, Field, PlainValidator, PrivateAttr, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from mfa_app.settings import values
from mfa_app.settings.values import Application, OfficeHours, ResetLeadsTo

PREFIX = "MFA_"
DEFAULT_SITE_NAME = "Second Gate"
BYTE_ORDER_MARK = "\ufeff"  # some editors write it before the first line
PROJECT_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 8000
USUAL_PORTS = {"https": frozenset({443}), "http": frozenset({80, DEFAULT_PORT})}


class SettingError(ValueError):
    """A setting has a value the site cannot start with; the message is a sentence for the engineer."""


Text = Annotated[str, PlainValidator(values.text)]
Email = Annotated[str, PlainValidator(values.email_address)]
WebAddress = Annotated[str, PlainValidator(values.web_address)]
OwnWords = Annotated[str, PlainValidator(values.own_words)]
Phone = Annotated[str, PlainValidator(values.phone_number)]
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
    port: Annotated[int, PlainValidator(values.number(1, 65535))] = Field(
        DEFAULT_PORT, validation_alias="PORT", description="port on 127.0.0.1"
    )
    workers: Annotated[int, PlainValidator(values.number(1, 64))] = Field(
        2, validation_alias="WEB_CONCURRENCY", description="number of processes that serve the site"
    )
    database_url: Annotated[str, PlainValidator(values.database_url)] = Field(
        default_factory=_database_url_default,
        description="PostgreSQL address; else SQLite in the instance folder",
        repr=False,
    )
    public_url: Annotated[str, PlainValidator(values.public_url)] = Field(
        default_factory=_public_url_default, description="address people type, else http://127.0.0.1:PORT"
    )
    site_name: Annotated[str, PlainValidator(values.site_name)] = Field(
        DEFAULT_SITE_NAME, description="name on the pages and in authentication apps"
    )
    display_name: Annotated[str, PlainValidator(values.display_name_of)] | None = Field(
        None, description="name on the pages and in the mails, else that of MFA_SITE_NAME"
    )
    time_zone: Annotated[ZoneInfo, PlainValidator(values.time_zone_named)] = Field(
        ZoneInfo("UTC"), description="time zone of the company, in which its days begin and end"
    )
    admin_email: Email | None = Field(None, description="administrator's address, shown to locked-out people")
    help_email: Email | None = Field(None, description="help desk's address, shown to locked-out people")
    help_phone: Phone | None = Field(None, description="help desk's telephone, shown to locked-out people")
    help_url: WebAddress | None = Field(None, description="help desk's web page")
    reset_leads_to: Annotated[ResetLeadsTo, PlainValidator(values.leads_to)] = Field(
        ResetLeadsTo.LINK, description="what a reset leads to: link, email-code or access-pass"
    )
    linking_text: OwnWords | None = Field(None, description="your paragraph on the page that links an app")
    mail_text: OwnWords | None = Field(None, description="your paragraph in the emails")
    smtp_url: Annotated[str, PlainValidator(values.smtp_address)] | None = Field(
        None, description="mail server; else mails become files in outbox/", repr=False
    )
    mail_from: Annotated[str, PlainValidator(values.sender_address)] = Field(
        default_factory=_mail_from_default,
        description="sender of the mails, else second-gate@<public host>",
    )
    trusted_proxy_hops: Annotated[int, PlainValidator(values.number(0, 5))] = Field(
        0, description="number of reverse proxies in front"
    )
    hsts_subdomains: Annotated[bool, PlainValidator(values.yes_or_no)] = Field(
        False, description="yes: all subdomains of the public host are reachable by https only"
    )
    monitoring_networks: Annotated[Networks, PlainValidator(values.networks)] = Field(
        values.networks("127.0.0.1/32, ::1/128"), description="networks that may read /metrics"
    )
    known_networks: Annotated[Networks, PlainValidator(values.networks)] = Field(
        (), description="networks in which many people share an IP address, such as offices"
    )
    applications: Annotated[tuple[Application, ...], PlainValidator(values.applications)] = Field(
        (), description="links on the home page: Name=URL; Name=URL"
    )
    approve_resets: Annotated[bool, PlainValidator(values.yes_or_no)] = Field(
        True, description="yes: another helper has to approve a risky reset"
    )
    office_hours: Annotated[OfficeHours, PlainValidator(values.office_hours_of)] | None = Field(
        None, description="outside of them a reset is risky, such as Mon-Fri 08:00-18:00"
    )
    secret_key: Annotated[str, PlainValidator(values.secret_keys)] | None = Field(
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
            InitSettingsSource(settings_cls, init_kwargs=found)
            for found in (_from_environment(environ), _from_file(_instance_folder(environ)))
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
    found = {name: value for name, value in environ.items() if value}  # an empty value is none
    for name in sorted(found.keys() - NAMES.keys()):
        if name.upper().lstrip(BYTE_ORDER_MARK).startswith(PREFIX):
            raise SettingError(f"{name} is not a setting.{_hint(name)}")
    return {name: value for name, value in found.items() if name in NAMES}


def _from_file(folder: Path) -> dict[str, str]:
    path = folder / "settings.toml"
    try:
        found = tomllib.loads(path.read_text("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError:
        raise SettingError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise SettingError(f"{path} cannot be read: {error}.") from None
    unknown = sorted(found.keys() - NAMES.keys())
    if unknown:
        hint = _hint(unknown[0])
        raise SettingError(f"{path} names a setting that does not exist: {', '.join(unknown)}.{hint}")
    if "MFA_INSTANCE_PATH" in found:
        raise SettingError(
            f"MFA_INSTANCE_PATH cannot stand in {path}, which it names; set it in the environment."
        )
    return {name: _as_text(name, value) for name, value in found.items() if value != ""}


def _as_text(name: str, value: Any) -> str:
    if not isinstance(value, str | int):
        raise SettingError(f"{name} must be text in quotes, or a number.")
    return str(value)


def _hint(wrong: str) -> str:
    names = {name.removeprefix(PREFIX): name for name in NAMES}
    meant = wrong.upper().lstrip(BYTE_ORDER_MARK).removeprefix(PREFIX)
    close = get_close_matches(meant, names, n=1, cutoff=0.7)
    return f" Did you mean {names[close[0]]}?" if close else ""
