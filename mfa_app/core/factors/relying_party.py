"""Who this site is for passkeys: the host that they are made for, and the one origin that may ask them."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from mfa_app.settings import Settings
from mfa_app.settings.values import LOOPBACK_HOSTS
from mfa_app.site import site

DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class RelyingParty:
    """The RP ID, and the origin as browsers write it, such as `https://login.example.com`."""

    id: str
    origin: str

    @property
    def host(self) -> str:
        """Return the host with its port, as a request for this origin names it."""
        return urlsplit(self.origin).netloc


def relying_party() -> RelyingParty | None:
    """Return who this site is for passkeys. None: its public address is an IP address, which can't have any.

    A site on this machine alone is `localhost`, even if its public address is 127.0.0.1.
    """
    settings = site()[Settings]
    parts = urlsplit(settings.public_url)
    name = "localhost" if settings.public_host in LOOPBACK_HOSTS else _name_of(settings.public_host)
    if name is None:
        return None
    port = f":{parts.port}" if parts.port not in (None, DEFAULT_PORTS[parts.scheme]) else ""
    return RelyingParty(name, f"{parts.scheme}://{name}{port}")


def _name_of(host: str) -> str | None:
    """Return the name of a host as browsers compare it, or None for an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host if host.isascii() else host.encode("idna").decode()
    return None
