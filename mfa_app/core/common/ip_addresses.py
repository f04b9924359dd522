"""IP addresses as proxies write them, and what counts as one of them."""

import ipaddress
import re

from mfa_app.settings.values import LOOPBACK_HOSTS

_IN_BRACKETS = re.compile(r"\[([^\[\]]*)\](:\d+)?")
_WITH_PORT = re.compile(r"(\d+\.\d+\.\d+\.\d+):\d+")


def bare(text: str) -> str:
    """Return an IP address without the port, brackets and spaces that some proxies add.

    Anything else comes back as it is, without surrounding spaces.
    """
    text = text.strip()
    if found := _IN_BRACKETS.fullmatch(text) or _WITH_PORT.fullmatch(text):
        return found[1]
    return text


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return what counts as one IP address: an IPv4 address, or the /64 network of an IPv6 address.

    An IPv4 address within IPv6 is an IPv4 address. None if this is no IP address.
    """
    try:
        parsed = ipaddress.ip_address(bare(text))
    except ValueError:
        return None
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return ipaddress.ip_network((parsed, 64 if parsed.version == 6 else 32), strict=False)


def network_of(text: str) -> str:
    """Return the name of the network; all that can't be read is one, called "unknown"."""
    found = network(text)
    return "unknown" if found is None else str(found.network_address)


def is_this_machine(host: str) -> bool:
    """Return True for this machine itself: a loopback address or a socket file."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return not host or host.startswith("/") or host in LOOPBACK_HOSTS
