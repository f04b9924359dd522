"""What administrators set for the site on its pages, beside what the server's settings say.

The server's settings come first. What is stored counts where they say nothing, in all processes within ten
seconds, without a restart.
"""

import enum
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from time import monotonic
from types import MappingProxyType
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import event, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import NoMailServer, SetOnServer
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.mail.smtp_url import without_password
from mfa_app.extensions import db
from mfa_app.models import SealedValue, SiteSetting
from mfa_app.models.database import rows_beside
from mfa_app.settings import Settings
from mfa_app.settings.values import (
    Application,
    OfficeHours,
    ResetLeadsTo,
    applications_of,
    display_name_of,
    email_address,
    leads_to,
    office_hours_of,
    own_words,
    phone_number,
    sender_address,
    smtp_address,
    time_zone_named,
    web_address,
    yes_or_no,
)
from mfa_app.site import site

READ_EVERY = 10.0  # seconds, so that nearly no page costs a statement

CHANGED = "site_values_changed"

LOGO = "logo"  # the name of the stored version of the logo

MAIL_PASSWORD = "smtp_password"


def _without_password(value: str) -> str:
    if urlsplit(smtp_address(value)).password is not None:
        raise ValueError("must have no password in it")
    return value


_READERS: dict[str, Callable[[str], object]] = {
    "help_email": email_address,
    "help_phone": phone_number,
    "help_url": web_address,
    "admin_email": email_address,
    "reset_leads_to": leads_to,
    "approve_resets": yes_or_no,
    "office_hours": office_hours_of,
    "smtp_url": _without_password,
    "mail_from": sender_address,
    "display_name": display_name_of,
    "time_zone": time_zone_named,
    "linking_text": own_words,
    "mail_text": own_words,
}


def text_of(value: object) -> str:
    """Return the text that a setting has for a value; empty for None."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case OfficeHours():
            return value.text
        case tuple():
            return "; ".join(f"{one.name}={one.url}" for one in value if isinstance(one, Application))
    return str(value)


# What counts while nothing else is stored, as text: so the trail shows what a change was from.
UNTOUCHED = {
    name: text_of(Settings.model_fields[name].default) for name in ("reset_leads_to", "approve_resets")
}


@dataclass(frozen=True)
class SiteValues:
    """Whom people contact who can't log in, the applications, what holds for resets, and how emails leave.

    `smtp_url` has no password in it; it is None if emails become files. `display_name` is what pages and
    emails call the site, None if that is the name in authentication apps. `logo` is
    the version of the logo, which no setting names.
    """

    help_email: str | None
    help_phone: str | None
    help_url: str | None
    admin_email: str | None
    applications: tuple[Application, ...]
    reset_leads_to: ResetLeadsTo
    approve_resets: bool
    office_hours: OfficeHours | None
    smtp_url: str | None
    mail_from: str
    display_name: str | None
    time_zone: ZoneInfo
    linking_text: str | None
    mail_text: str | None
    logo: str | None = None

    @property
    def has_contact(self) -> bool:
        """Return True if people who can't log in are told whom to contact."""
        return bool(self.help_email or self.help_phone or self.help_url or self.admin_email)


NAMES = tuple(field.name for field in fields(SiteValues) if field.name in Settings.model_fields)


_STORED = select(SiteSetting.name, SiteSetting.value).union_all(
    select(SealedValue.name, SealedValue.sealed).where(SealedValue.name == MAIL_PASSWORD)
)


_NOTHING_READ: Mapping[str, str] = MappingProxyType({})


class Source(enum.StrEnum):
    """Where a value of the site comes from."""

    ENVIRONMENT = "environment"
    FILE = "settings.toml"
    PAGE = "page"
    DEFAULT = "default"


class StoredValues:
    """What this process has read last of the stored values. `seconds` tells how time passes.

    That is no clock that a machine or a person may set: pages about errors ask for the values too.
    """

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._next = seconds()
        self._has_tried = False
        self._values: Mapping[str, str] = _NOTHING_READ
        self._counting: tuple[Settings, Mapping[str, str], SiteValues] | None = None

    @property
    def are_read(self) -> bool:
        """Whether they have been read since the start of this process."""
        return self._values is not _NOTHING_READ

    def forget(self) -> None:
        """Read again before the next answer: a value has changed."""
        self._next = self._seconds()

    def known(self) -> Mapping[str, str]:
        """Return the values by name, read again after ten seconds; the old ones if the database is away.

        They are read within the transaction that is under way, if there is one: where a pool has a single
        connection, a second one would be waited for in vain. While one thread reads, the others go on with
        the old values; at the start of a process, when there are none, each of them reads.
        """
        if self._has_tried and self._seconds() < self._next:
            return self._values
        self._next = self._seconds() + READ_EVERY
        with suppress(SQLAlchemyError):  # also where that transaction has failed
            self._values = MappingProxyType({row.name: row.value for row in rows_beside(_STORED)})
        self._has_tried = True
        return self._values

    def beside(self, settings: Settings) -> SiteValues:
        """Return what counts of them beside the server's settings, put together once for each reading."""
        values, last = self.known(), self._counting
        if last is None or last[0] is not settings or last[1] is not values:
            last = self._counting = (settings, values, _put_together(settings, values))
        return last[2]


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_rollback")
def _read_again(session: Session) -> None:
    """Read again after a change; also after one that was taken back, since its values may have been read."""
    if session.info.pop(CHANGED, False):
        site()[StoredValues].forget()


def current() -> SiteValues:
    """Return what counts now."""
    return site()[StoredValues].beside(site()[Settings])


def shown_name() -> str:
    """Return what pages and emails call the site."""
    return current().display_name or site()[Settings].site_name


def _put_together(settings: Settings, stored: Mapping[str, str]) -> SiteValues:
    values = {name: getattr(settings, name) for name in NAMES}
    for name in stored.keys() & (values.keys() - settings.model_fields_set):
        with suppress(ValueError):  # someone changed the database by hand
            values[name] = _read(name, stored[name]) if stored[name] else values[name]
    values["smtp_url"] = values["smtp_url"] and without_password(values["smtp_url"])
    return SiteValues(**values, logo=stored.get(LOGO) or None)


def set_on_server() -> frozenset[str]:
    """Return the names of the values that the server's settings set, so that no page can change them."""
    return frozenset(NAMES) & site()[Settings].model_fields_set


def source_of(name: str) -> Source:
    """Return where the value comes from that counts now."""
    settings = site()[Settings]
    if name in settings.model_fields_set:
        return Source.ENVIRONMENT if settings.is_in_environment(name) else Source.FILE
    return Source.PAGE if site()[StoredValues].known().get(name) else Source.DEFAULT


def change(values: Mapping[str, str], *, actor: Actor) -> bool:
    """Store these values, each as the text of its setting, or an empty one. Return whether any differs.

    The applications have a line each. Codes by email can't be chosen without a mail server, but stay chosen.
    Raises SetOnServer, NoMailServer, NotAllowed, SessionEnded; ValueError for a text that stands for no
    value.
    """
    require_possible(values)
    if current().smtp_url is None and _begins_to_email_codes(values):
        raise NoMailServer
    begin_change(actor, Permission.MANAGE_SITE)
    return store(values, actor=actor)


def _begins_to_email_codes(values: Mapping[str, str]) -> bool:
    """Return True if resets are to lead to a code by email, and didn't before: a form sends all it shows."""
    code = ResetLeadsTo.EMAIL_CODE
    return values.get("reset_leads_to") == code and stored().get("reset_leads_to") != code


def require_possible(values: Mapping[str, str]) -> None:
    """Raise SetOnServer if one of these is set there, ValueError for a text that stands for no value."""
    if values.keys() & set_on_server():
        raise SetOnServer
    for name, value in values.items():
        _read(name, value)


def store(
    values: Mapping[str, str], *, passwords: tuple[str | None, str | None] | None = None, actor: Actor
) -> bool:
    """Store texts by name within a change that has begun. Return whether any differs.

    `passwords`: what the trail says of the mail server's password before and after, if that has changed too.
    """
    before = UNTOUCHED | stored()
    changed = {name: value for name, value in values.items() if value != before.get(name, "")}
    for name, value in changed.items():
        db.session.merge(SiteSetting(name=name, value=value))
    if changed or passwords:
        db.session().info[CHANGED] = True
        shown = {name: before.get(name) or None for name in changed}
        after = {name: value or None for name, value in changed.items()}
        if passwords:
            shown[MAIL_PASSWORD], after[MAIL_PASSWORD] = passwords
        record(Event.SITE_CHANGED, actor=actor, before=shown, after=after)
    return bool(changed or passwords)


def stored() -> dict[str, str]:
    """Return what is stored now, by name."""
    return {row.name: row.value for row in db.session.scalars(select(SiteSetting))}


def _read(name: str, text: str) -> object:
    """Return the value that a stored text stands for. Raises ValueError."""
    if name == "applications":
        return applications_of(text.splitlines())
    return _READERS[name](text) if text else Settings.model_fields[name].default
