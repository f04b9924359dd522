"""A minimal browser: one connection, one cookie jar, and no redirect is followed."""

import http.client
import re
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

TIMEOUT = 30
FORM = "application/x-www-form-urlencoded"


class ConnectionLost(Exception):
    """No response came, because the process that should give it is gone."""


@dataclass(frozen=True)
class Response:
    """A response."""

    status: int
    location: str
    text: str

    @property
    def csrf(self) -> str:
        """The token of the page's forms, or nothing."""
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', self.text)
        return found[1] if found else ""

    @property
    def version(self) -> str:
        """The version of the rule that the page shows, or nothing."""
        found = re.search(r'name="version" value="(\d+)"', self.text)
        return found[1] if found else ""

    @property
    def secret(self) -> str:
        """The secret that an enrolment page shows, or nothing."""
        found = re.search(r"otpauth://[^\"]*[?&;]secret=([A-Z2-7]+)", self.text)
        return found[1] if found else ""


class Browser:
    """Sends requests to one site from one IP address, which it adds as a proxy would."""

    def __init__(self, site: str, ip_address: str) -> None:
        self.host, self.ip_address = urlsplit(site).netloc, ip_address
        self.cookies: dict[str, str] = {}
        self.connection = http.client.HTTPConnection(self.host, timeout=TIMEOUT)
        self.page = Response(0, "", "")

    def open(self, path: str) -> Response:
        """Get a path."""
        return self._ask("GET", path)

    def post(self, path: str, **fields: str) -> Response:
        """Send a form to a path, with the CSRF token of the last page that had one."""
        return self._ask("POST", path, urlencode({"csrf_token": self.page.csrf, **fields}))

    def session(self) -> str | None:
        """Return the session's token, if there is one. Its cookie is named after the port of the site."""
        return next((value for name, value in self.cookies.items() if name.endswith("sid")), None)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _ask(self, method: str, path: str, body: str | None = None) -> Response:
        headers = {"X-Forwarded-For": self.ip_address, "User-Agent": "Firefox/140.0"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = FORM
        try:
            self.connection.request(method, path, body, headers)
            reply = self.connection.getresponse()
            text = reply.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise ConnectionLost(type(error).__name__) from None
        self._keep(reply.msg.get_all("Set-Cookie") or [])
        response = Response(reply.status, reply.getheader("Location", ""), text)
        if response.csrf:
            self.page = response
        return response

    def _keep(self, lines: list[str]) -> None:
        for line in lines:
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
