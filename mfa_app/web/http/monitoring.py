"""Who may read how the site is: machines in the configured networks, whatever name they ask for."""

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from flask import current_app, request

from mfa_app.settings import Settings

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


def asked_by_monitor() -> bool:
    """Say whether this request comes from a monitoring network.

    Where no proxy is trusted but one has plainly passed the request on, everybody seems to come from it.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.trusted_proxy_hops and "X-Forwarded-For" in request.headers:
        return False
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in settings.monitoring_networks)


class MonitoringHost:
    """Lets monitors call the site by any name or number: their answers hold no address of the site.

    Everywhere else a request must name the public host (TRUSTED_HOSTS).
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], public_host: str) -> None:
        self._application, self._public_host = application, public_host

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Put the public host in place of the one that was asked for."""
        if environ.get("PATH_INFO") in PATHS:
            environ["HTTP_HOST"] = self._public_host
        return self._application(environ, start_response)
