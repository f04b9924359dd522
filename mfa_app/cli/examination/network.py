"""Whether visitors' addresses arrive, mails leave, and nothing goes over a network unencrypted."""

import ipaddress
import smtplib
from collections.abc import Iterator
from urllib.parse import urlsplit

from flask_babel import gettext as _
from sqlalchemy import URL, make_url

from mfa_app.cli.examination.diagnosis import Diagnosis
from mfa_app.core.audit import search as trail
from mfa_app.core.throttling import limits
from mfa_app.settings import LOOPBACK_HOSTS, Settings
from mfa_app.web.mailer import mail_server

SMTP_TIMEOUT_SECONDS = 5
LOOKED_AT, TOO_FEW = 50, 20  # rows of the trail
ENCRYPTED, VERIFIED = ("require", "verify-ca"), "verify-full"  # only the last one checks the host's name


def examine(settings: Settings) -> Iterator[Diagnosis]:
    """Look at everything that the settings say about other machines."""
    yield from _proxies(settings)
    yield from _mail(settings)
    yield from unencrypted(settings)


def addresses(settings: Settings) -> Iterator[Diagnosis]:
    """Look whether those who come through the proxies are told apart: else all share one limit."""
    hops, seen = settings.trusted_proxy_hops, trail.latest_ip_addresses(LOOKED_AT)
    networks = {limits.network_of(address) for address in seen}
    if not (settings.https and hops) or len(seen) < TOO_FEW or len(networks) > 1:
        return
    if _may_be_a_proxy(networks.pop()):
        yield Diagnosis(
            _(
                "The last %(count)s entries of people on the trail all come from %(address)s: "
                "if that is a proxy, everybody shares one limit.",
                count=len(seen),
                address=seen[0],
            ),
            _(
                "MFA_TRUSTED_PROXY_HOPS=%(hops)s must be the number of proxies, and each must put an "
                "address without a port into X-Forwarded-For.",
                hops=hops,
            ),
        )


def unencrypted(settings: Settings) -> Iterator[Diagnosis]:
    """Look for mails and rows that would go to another machine in the open."""
    smtp = urlsplit(settings.smtp_url or "")
    if smtp.scheme == "smtp" and not _is_here(smtp.hostname or ""):
        yield Diagnosis(
            _("Mails go to %(host)s unencrypted, with the links that open accounts.", host=smtp.hostname),
            _("Begin MFA_SMTP_URL with smtp+starttls:// or smtps://."),
            wrong=True,
        )
    if settings.database_url.startswith("postgresql"):
        yield from _database(make_url(settings.database_url))


def _database(url: URL) -> Iterator[Diagnosis]:
    hosts = ",".join(url.normalized_query.get("host", (url.host or "",)))
    (mode,) = url.normalized_query.get("sslmode", ("prefer",))
    if mode == VERIFIED or all(_is_here(host) for host in hosts.split(",")):
        return
    if mode in ENCRYPTED:
        sentence = _("TLS to the database on %(host)s does not check whom it talks to.", host=hosts)
    else:
        sentence = _("The database on %(host)s may be spoken to without TLS.", host=hosts)
    yield Diagnosis(
        sentence,
        _("MFA_DATABASE_URL says sslmode=%(mode)s; let it say verify-full, with sslrootcert=…", mode=mode),
        wrong=mode not in ENCRYPTED,
    )


def _is_here(host: str) -> bool:
    """Say whether this is the machine itself: its loopback, or a socket that is a file."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return not host or host.startswith("/") or host in LOOPBACK_HOSTS


def _may_be_a_proxy(network: str) -> bool:
    """Say whether this is no address of the internet's: a visitor of a public site rarely has one."""
    try:
        return not ipaddress.ip_address(network).is_global
    except ValueError:
        return True


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
