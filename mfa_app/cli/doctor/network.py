"""Checks of proxies and of what goes to other machines: IP addresses arrive, traffic is encrypted."""

import ipaddress
from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import URL, make_url

from mfa_app.cli.doctor.finding import Finding
from mfa_app.core.audit import search as trail
from mfa_app.core.common import ip_addresses
from mfa_app.core.mail import smtp_url
from mfa_app.core.operations.site_values import StoredValues
from mfa_app.settings import Settings
from mfa_app.site import site

EVENTS_CHECKED, TOO_FEW = 50, 20  # events on the audit trail
ENCRYPTED, VERIFIED = ("require", "verify-ca"), "verify-full"  # only the last one verifies the host name


def findings(settings: Settings) -> Iterator[Finding]:
    """Check everything that the settings say about other machines."""
    yield from _proxies(settings)
    yield from unencrypted(settings)


def shared_ip_address(settings: Settings) -> Iterator[Finding]:
    """Check that clients behind the proxies have different IP addresses, or they all share one limit."""
    hops, latest = settings.trusted_proxy_hops, trail.latest_ip_addresses(EVENTS_CHECKED)
    networks = {ip_addresses.network_of(ip_address) for ip_address in latest}
    if not (settings.https and hops) or len(latest) < TOO_FEW or len(networks) > 1:
        return
    if _may_be_a_proxy(networks.pop()):
        yield Finding(
            _(
                "The last %(count)s events of people on the audit trail all come from %(address)s. "
                "If that is a proxy, everyone shares one limit.",
                count=len(latest),
                address=latest[0],
            ),
            _(
                "MFA_TRUSTED_PROXY_HOPS=%(hops)s must be the number of proxies, and each must add an "
                "IP address to X-Forwarded-For.",
                hops=hops,
            ),
        )


def unencrypted(settings: Settings) -> Iterator[Finding]:
    """Check that email and database traffic to other machines is encrypted."""
    server = smtp_url.server_facts(site()[StoredValues].beside(settings).smtp_url)
    if server is not None and not server.encrypted and not server.on_this_machine:
        yield Finding(
            _("Emails go to %(host)s unencrypted, including links that open accounts.", host=server.host),
            _("Start MFA_SMTP_URL with smtp+starttls:// or smtps://.")
            if settings.smtp_url
            else _("Choose STARTTLS or TLS under Administration, Site."),
            wrong=True,
        )
    if settings.database_url.startswith("postgresql"):
        yield from _database(make_url(settings.database_url))


def _database(url: URL) -> Iterator[Finding]:
    hosts = ",".join(url.normalized_query.get("host", (url.host or "",)))
    (mode,) = url.normalized_query.get("sslmode", ("prefer",))
    if mode == VERIFIED or all(ip_addresses.is_this_machine(host) for host in hosts.split(",")):
        return
    if mode in ENCRYPTED:
        sentence = _("TLS to the database on %(host)s does not verify the server.", host=hosts)
    else:
        sentence = _("The connection to the database on %(host)s may be without TLS.", host=hosts)
    yield Finding(
        sentence,
        _("MFA_DATABASE_URL has sslmode=%(mode)s. Use verify-full, with sslrootcert=…", mode=mode),
        wrong=mode not in ENCRYPTED,
    )


def _may_be_a_proxy(network: str) -> bool:
    """Return True unless this is a public IP address, as clients of a public site have."""
    try:
        return not ipaddress.ip_address(network).is_global
    except ValueError:
        return True


def _proxies(settings: Settings) -> Iterator[Finding]:
    hops = settings.trusted_proxy_hops
    if settings.https and not hops:
        yield Finding(
            _("%(url)s needs a proxy for TLS, but no proxy is trusted.", url=settings.public_url),
            _("Set MFA_TRUSTED_PROXY_HOPS=1. Otherwise everyone shares one IP address and its limits."),
        )
    if hops and not settings.https:
        yield Finding(
            ngettext(
                "%(num)s proxy is trusted, but the site is for this machine only.",
                "%(num)s proxies are trusted, but the site is for this machine only.",
                hops,
            ),
            _("Set MFA_PUBLIC_URL to the URL that people open, or set MFA_TRUSTED_PROXY_HOPS=0."),
        )
