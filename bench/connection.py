"""HTTP/1.1 over a socket that stays open, with little work of its own: it shares the cores with the site."""

import re
import socket
from dataclasses import dataclass

TIMEOUT_SECONDS = 60
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ENDS = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(frozen=True)
class Reply:
    """What a server answered: the first line and the headers as they came, and the body."""

    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.head[9:12])

    def header(self, name: str) -> list[str]:
        """Return the values of all headers of this name."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines)
        return [value.strip() for key, _colon, value in pairs if key.lower() == name]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class Connection:
    """A connection to a server on this machine, opened when it is needed. `source` is where it comes from."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self._port, self._source = port, source
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> Reply:
        """Send a request and return the reply. A server may close a connection that rests: then once more."""
        rested = self._socket is not None
        try:
            return self._exchange(request)
        except (ConnectionError, EOFError):
            self.close()
            if not rested:
                raise
            return self._exchange(request)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, request: bytes) -> Reply:
        if self._socket is None:
            self._socket = socket.create_connection(
                ("127.0.0.1", self._port), TIMEOUT_SECONDS, (self._source, 0)
            )
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        head, body = self._head()
        length = _LENGTH.search(head)
        while length and len(body) < int(length[1]):
            body += self._more()
        if not length or _ENDS.search(head):
            body += b"" if length else self._rest()
            self.close()
        return Reply(head, body)

    def _head(self) -> tuple[bytes, bytes]:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _end, body = received.partition(b"\r\n\r\n")
        return head, body

    def _rest(self) -> bytes:
        parts = b""
        try:
            while True:
                parts += self._more()
        except EOFError:
            return parts

    def _more(self) -> bytes:
        part = self._socket.recv(65536) if self._socket else b""
        if not part:
            raise EOFError
        return part
