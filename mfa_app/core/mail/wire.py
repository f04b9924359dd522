"""How addresses and hosts are written between mail servers: domains in ASCII, addresses from parts."""

import ipaddress
from email.headerregistry import Address

import idna

from mfa_app.settings.values import ENCODED_WORD


def ascii_host(host: str) -> str:
    """Return a domain in ASCII (IDNA 2008), as DNS and mail servers know it. Raises ValueError."""
    return host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")


def address(email: str, display_name: str = "") -> Address:
    """Return a stored email address for headers and envelope, its domain in ASCII.

    Raises ValueError if a mail server can't be given this address or would read another one.
    """
    local, _at, domain = email.rpartition("@")
    if ENCODED_WORD in local or not local:
        raise ValueError("not an address that mail can be sent to")
    return Address(display_name, local, ascii_host(domain))


def greeting_name(public_host: str) -> str | None:
    """Return the name with which the site greets a mail server, or None: the machine's own name.

    Many relays refuse an IP address or a name without a dot. Raises ValueError.
    """
    try:
        ipaddress.ip_address(public_host)
    except ValueError:
        return ascii_host(public_host) if "." in public_host else None
    return None
