"""Who may read the monitoring pages: machines in the configured networks, under any host name."""

from collections.abc import Iterable
from ipaddress import ip_address
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import current_app, request
from werkzeug.http import parse_list_header

from mfa_app.settings import Settings
from mfa_app.settings.values import LOOPBACK_HOSTS

PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

NAMED_HOST = "second_gate.named_host"  # key in the WSGI environment: the host that the request asked for

# What proxies, load balancers and content networks say about a request that they pass on. What begins with
# `X-Forwarded` belongs to them too, whatever follows.
CLIENT_ADDRESSES = (
    *("X-Real-IP", "X-Client-IP", "Client-IP", "X-Cluster-Client-IP", "True-Client-IP", "X-Remote-Addr"),
    *("CF-Connecting-IP", "Fastly-Client-IP", "Fly-Client-IP", "X-Envoy-External-Address"),
    *("X-Azure-ClientIP", "Proxy-Client-IP", "WL-Proxy-Client-IP"),
)
OTHERS = ("Forwarded", "Via", "X-Original-Forwarded-For", "X-Original-Host", "X-Original-URL", "CDN-Loop")


def asked_by_monitor() -> bool:
    """Return True if this request comes from a monitoring network.

    Return False if somebody has passed it on and it is not certain for whom: every client would then seem to
    have the IP address of the proxy.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not _address_is_certain(settings):
        return False
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in settings.monitoring_networks)


def _address_is_certain(settings: Settings) -> bool:
    """Return True if nobody has passed this request on, or ProxyFix has used all that was said about it."""
    hops = settings.trusted_proxy_hops
    said = parse_list_header(",".join(request.headers.getlist("X-Forwarded-For")))
    if hops and len(said) == hops:
        found = (request.headers.get(name) for name in CLIENT_ADDRESSES)
        return all(address in (None, request.remote_addr) for address in found)
    return not (_is_passed_on() or _names_public_host(settings))


def _is_passed_on() -> bool:
    names = {name.title() for name in (*CLIENT_ADDRESSES, *OTHERS)}
    return any(
        name.title() in names or name.title().startswith("X-Forwarded") for name, _value in request.headers
    )


def _names_public_host(settings: Settings) -> bool:
    """Return True if the request asked for the host that people use, which only the proxy answers.

    A proxy that adds no header at all is noticed by this alone.
    """
    host = str(request.environ.get(NAMED_HOST, "")).rpartition("@")[2].partition(":")[0].lower()
    return settings.public_host not in LOOPBACK_HOSTS and host == settings.public_host


class MonitoringHost:
    """Lets monitors use any host name: their responses contain no URL of the site.

    Every other request must name the public host (TRUSTED_HOSTS).
    """

    def __init__(self, application: WSGIApplication, public_host: str) -> None:
        self._application, self._public_host = application, public_host

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Replace the requested host with the public host on monitoring paths."""
        if environ.get("PATH_INFO") in PATHS:
            environ[NAMED_HOST] = environ.get("HTTP_HOST", "")
            environ["HTTP_HOST"] = self._public_host
        return self._application(environ, start_response)
