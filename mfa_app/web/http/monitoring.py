"""Who may read the monitoring pages: machines in the configured networks, under any host name."""

from collections.abc import Iterable
from ipaddress import ip_address
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import current_app, request

from mfa_app.settings import Settings

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


def asked_by_monitor() -> bool:
    """Return True if this request comes from a monitoring network.

    Return False if no proxy is trusted but one has clearly forwarded the request: every client would then
    seem to have the proxy's IP address.
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
    """Lets monitors use any host name: their responses contain no URL of the site.

    Every other request must name the public host (TRUSTED_HOSTS).
    """

    def __init__(self, application: WSGIApplication, public_host: str) -> None:
        self._application, self._public_host = application, public_host

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Replace the requested host with the public host on monitoring paths."""
        if environ.get("PATH_INFO") in PATHS:
            environ["HTTP_HOST"] = self._public_host
        return self._application(environ, start_response)
