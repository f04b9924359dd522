"""Limits for a network: larger ones for known networks, where many people share an IP address."""

from datetime import datetime

from mfa_app.core.common import ip_addresses
from mfa_app.core.throttling import counters
from mfa_app.core.throttling.counters import Charge
from mfa_app.core.throttling.limits import PASSWORD_NETWORK, RESET_REQUESTS, Limit, in_known_networks
from mfa_app.settings import Settings
from mfa_app.site import site

OF_NETWORKS = (PASSWORD_NETWORK, RESET_REQUESTS)


def charge(limit: Limit, ip_address: str, *, now: datetime) -> Charge:
    """Count an attempt from this IP address. Raises Throttled; see `counters.charge`."""
    return counters.charge(*counted(limit, ip_address), now=now)


def counted(limit: Limit, ip_address: str) -> tuple[Limit, str]:
    """Return the limit and the key under which an attempt from this IP address is counted."""
    return limit_for(limit, ip_address), ip_addresses.network_of(ip_address)


def limit_for(limit: Limit, ip_address: str) -> Limit:
    """Return the limit as it is for this IP address. Its counter is the same in known networks."""
    return in_known_networks(limit) if is_known(ip_address) else limit


def is_known(ip_address: str) -> bool:
    """Return True if the IP address belongs to one of MFA_KNOWN_NETWORKS."""
    network, known = ip_addresses.network(ip_address), site()[Settings].known_networks
    return network is not None and any(
        network.overlaps(one) for one in known if one.version == network.version
    )
