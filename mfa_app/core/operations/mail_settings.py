"""Which mail server and which sender count: those of the server's settings, or those that a page has stored.

A stored password is sealed together with the address it was typed for, so no other server is ever told it.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from mfa_app.core.common.actor import Actor
from mfa_app.core.common.errors import MailPasswordNeeded
from mfa_app.core.common.locks import begin_change
from mfa_app.core.common.permissions import Permission
from mfa_app.core.keys.vault import CannotUnseal, vault
from mfa_app.core.mail import smtp_url, trial
from mfa_app.core.operations import site_values
from mfa_app.core.operations.site_values import MAIL_PASSWORD, StoredValues
from mfa_app.extensions import db
from mfa_app.models import SealedValue
from mfa_app.settings import Settings
from mfa_app.site import site


class PasswordUnreadable(ValueError):
    """The stored password opens with no key, or is for another server than the one that is stored."""

    def __str__(self) -> str:
        return "the stored password can't be read"


class ServerUnknown(ValueError):
    """This process has read no stored values yet, so it can't say that emails become files."""

    def __str__(self) -> str:
        return "the stored mail server can't be read yet"


def in_force(settings: Settings) -> Settings:
    """Return the settings with the mail server and the sender that count now.

    Raises PasswordUnreadable, ServerUnknown.
    """
    stored = site()[StoredValues]
    values = stored.beside(settings)
    changed: dict[str, object] = {"mail_from": values.mail_from}
    if "smtp_url" not in settings.model_fields_set:
        if not stored.are_read:
            raise ServerUnknown
        changed["smtp_url"] = _whole(values.smtp_url, stored.known().get(MAIL_PASSWORD))
    return settings.model_copy(update=changed)


def password_is_kept(url: str | None) -> bool:
    """Return True if a password is stored for the mail server of this address, and can be read."""
    if not url or not _logs_in(url):
        return False
    row = db.session.get(SealedValue, MAIL_PASSWORD)
    try:
        return bool(row and _whole(url, row.sealed))
    except PasswordUnreadable:
        return False


def change(values: Mapping[str, str], password: str, *, actor: Actor, now: datetime) -> bool:
    """Store the address of the mail server, without its password, and the sender. Return if any differs.

    An empty password keeps that which is stored. Raises SetOnServer, MailPasswordNeeded if the site logs in
    at another address than the one its password is for, NotAllowed, SessionEnded; ValueError for a text that
    stands for no value.
    """
    site_values.require_possible(values)
    begin_change(actor, Permission.MANAGE_SITE)
    passwords = _change_password(values["smtp_url"], password) if "smtp_url" in values else None
    changed = site_values.store(values, passwords=passwords, actor=actor)
    if changed:
        trial.try_again(now=now)
    return changed


def _change_password(url: str, password: str) -> tuple[str | None, str | None] | None:
    """Seal or delete the password; return what the trail says of it before and after, None if it stays."""
    row = db.session.get(SealedValue, MAIL_PASSWORD)
    before = "set" if row else None
    if not _logs_in(url):
        if row is None:
            return None
        db.session.delete(row)
        return before, None
    if not password:
        if not password_is_kept(url):
            raise MailPasswordNeeded
        return None
    whole = smtp_url.with_password(url, password)
    if row is None:
        row = SealedValue(name=MAIL_PASSWORD)
        db.session.add(row)
    row.sealed = vault().seal(whole, row.seal_context)
    return before, "set anew"


def _whole(url: str | None, sealed: str | None) -> str | None:
    """Return the address with its password. Raises PasswordUnreadable."""
    if not url or not _logs_in(url):
        return url
    try:
        whole = vault().unseal(sealed or "", SealedValue(name=MAIL_PASSWORD).seal_context)
    except CannotUnseal:
        raise PasswordUnreadable from None
    if smtp_url.without_password(whole) != url:
        raise PasswordUnreadable
    return whole


def _logs_in(url: str) -> bool:
    return urlsplit(url).username is not None
