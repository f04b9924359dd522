"""What the doctor looks at beside the checks of /readyz: settings, files, the mail server, keys, people."""

import smtplib
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy import func, select

from mfa_app.config import Settings
from mfa_app.core import clock, keys, people, rotation
from mfa_app.core.installation import CLOCK_TOLERANCE
from mfa_app.core.vault import vault
from mfa_app.extensions import db
from mfa_app.models import Role, User
from mfa_app.web.mailer import mail_server

SMTP_TIMEOUT_SECONDS = 5
OPEN_TO_ALL = stat.S_IRWXO
OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Diagnosis:
    """What was found, and the cure; `wrong`, or only something to think about."""

    sentence: str
    cure: str
    wrong: bool = False


def of_settings(settings: Settings) -> Iterator[Diagnosis]:
    """Look at everything but the database."""
    yield from _files(settings)
    yield from _proxies(settings)
    yield from _mail(settings)
    if not (settings.admin_email or settings.help_email or settings.help_url):
        yield Diagnosis(
            _("Who lost the phone reads nowhere whom to ask."),
            _("Set MFA_HELP_EMAIL, MFA_HELP_URL or MFA_ADMIN_EMAIL."),
        )


def of_data() -> Iterator[Diagnosis]:
    """Look at what is in a database that works."""
    yield from _database_clock()
    outdated = sum(count for key, count in rotation.keys_in_use().items() if key != vault().current)
    if outdated:
        yield Diagnosis(
            _("%(count)s secrets are not sealed under the current key yet.", count=outdated),
            _("Finish the rotation: flask --app wsgi keys rotate"),
        )
    yield from _administrators()


def _files(settings: Settings) -> Iterator[Diagnosis]:
    folder = settings.instance_path.resolve()
    owner = folder.stat().st_uid
    secret = [path for path in (keys.file_of(settings).resolve(), _sqlite_file()) if path and path.exists()]
    for path in secret:
        found = path.stat()
        if found.st_mode & OPEN_TO_OTHERS:
            yield Diagnosis(
                _("%(path)s can be read by other users of this machine.", path=path),
                _("Please run: chmod 600 %(path)s", path=path),
                wrong=True,
            )
        if found.st_uid != owner:
            yield Diagnosis(
                _("%(path)s does not belong to the owner of its folder.", path=path),
                _("Please run: chown --reference=%(folder)s %(path)s", folder=folder, path=path),
                wrong=True,
            )
    if folder.stat().st_mode & OPEN_TO_ALL:
        yield Diagnosis(
            _("Other users of this machine can look into %(folder)s.", folder=folder),
            _("Please run: chmod 700 %(folder)s", folder=folder),
        )


def _sqlite_file() -> Path | None:
    return Path(str(db.engine.url.database)) if db.engine.name == "sqlite" else None


def _proxies(settings: Settings) -> Iterator[Diagnosis]:
    hops = settings.trusted_proxy_hops
    if settings.https and not hops:
        yield Diagnosis(
            _("%(url)s needs a proxy that ends TLS, but no proxy is trusted.", url=settings.public_url),
            _("Set MFA_TRUSTED_PROXY_HOPS=1: else everybody shares one address, and its limits."),
        )
    if hops and not settings.https:
        yield Diagnosis(
            _("%(hops)s proxies are trusted, but the site is for this machine alone.", hops=hops),
            _("Set MFA_PUBLIC_URL to the address that people type, or MFA_TRUSTED_PROXY_HOPS=0."),
        )


def _mail(settings: Settings) -> Iterator[Diagnosis]:
    if settings.smtp_url is None:
        yield Diagnosis(
            _(
                "Mails do not leave: they become files in %(folder)s.",
                folder=settings.instance_path / "outbox",
            ),
            _("Set MFA_SMTP_URL to your mail server."),
        )
        return
    try:
        with mail_server(settings.smtp_url, timeout=SMTP_TIMEOUT_SECONDS) as server:
            server.ehlo_or_helo_if_needed()
    except (OSError, smtplib.SMTPException) as error:
        yield Diagnosis(
            _("The mail server refuses: %(reason)s.", reason=_reason(error)),
            _("Check MFA_SMTP_URL: scheme, host, port, user and password."),
            wrong=True,
        )


def _reason(error: Exception) -> str:
    """Return what the server said, on one line."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        told = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        return f"{error.smtp_code} {' '.join(told.split())}"[:200].rstrip(".")
    return (" ".join(str(error).split()) or type(error).__name__)[:200].rstrip(".")


def _database_clock() -> Iterator[Diagnosis]:
    if db.engine.name != "postgresql":
        return
    there, here = db.session.scalar(select(func.clock_timestamp())), clock.now()
    if abs(there - here) > CLOCK_TOLERANCE:
        times = {"here": format_datetime(here), "there": format_datetime(there)}
        yield Diagnosis(
            _("The clock here shows %(here)s UTC, the one of the database %(there)s UTC.", **times),
            _("Set both by NTP: codes, sessions and links depend on the one here."),
            wrong=True,
        )


def _administrators() -> Iterator[Diagnosis]:
    present = people.find_people(User.role == Role.ADMIN, User.disabled_at.is_(None))
    if not present:
        yield Diagnosis(
            _("There is no administrator."),
            _("A link that makes the first: flask --app wsgi setup-link. Or: users role EMAIL admin"),
            wrong=True,
        )
    for person in present:
        if person.authenticator is not None and person.authenticator.stopped_at is not None:
            email = person.user.email
            yield Diagnosis(
                _("%(email)s administers, and is locked out after too many wrong codes.", email=email),
                _("Please run: flask --app wsgi users reset-2fa %(email)s", email=email),
            )
