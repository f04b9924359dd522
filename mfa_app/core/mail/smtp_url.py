"""MFA_SMTP_URL, read and written: which mail server it names, with the password or without it."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import quote, unquote, urlsplit

from mfa_app.core.common import ip_addresses
from mfa_app.core.mail import wire

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
HOST_LENGTH = 253


@dataclass(frozen=True)
class ServerFacts:
    """Which mail server the site uses, without the password. `user` is the name it logs in with, or None.

    `scheme` is one of PORTS, and says how the connection is encrypted.
    """

    host: str
    port: int
    scheme: str
    user: str | None

    @property
    def encrypted(self) -> bool:
        """Return True if nobody on the way can read the mails."""
        return self.scheme != "smtp"

    @property
    def has_usual_port(self) -> bool:
        """Return True if the port is that of its encryption."""
        return self.port == PORTS[self.scheme]

    @property
    def on_this_machine(self) -> bool:
        """Return True if mails to it leave no machine."""
        return ip_addresses.is_this_machine(self.host)

    @property
    def url(self) -> str:
        """Return the address as MFA_SMTP_URL has it, without a password."""
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{user}{host}:{self.port}"


def server_facts(url: str | None) -> ServerFacts | None:
    """Return which mail server an address names, or None if there is none and emails become files."""
    if not url:
        return None
    parts = urlsplit(url)
    user = unquote(parts.username) if parts.username else None
    return ServerFacts(parts.hostname or "localhost", parts.port or PORTS[parts.scheme], parts.scheme, user)


def host_of(typed: str) -> str:
    """Return the name or the IP address of a mail server, alone and in small letters.

    Raises ValueError for anything else.
    """
    host = typed.removeprefix("[").removesuffix("]").lower()
    if ":" in host and "%" not in host:
        return str(IPv6Address(host))
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)*", host) or len(wire.ascii_host(host)) > HOST_LENGTH:
        raise ValueError("must be a host, such as mail.example.com")
    return host


def with_password(url: str, password: str) -> str:
    """Return an address that has a user name with the password for it."""
    parts = urlsplit(url)
    user, _at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()


def without_password(url: str) -> str:
    """Return an address without its password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.partition(':')[0]}@{host}").geturl()
