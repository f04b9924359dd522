"""An authentication app of our own: computes codes as RFC 6238 says, without the library under test."""

import base64
import hmac
import struct
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlsplit


class Phone:
    """A phone whose app has read one provisioning URI, and whose clock may be off by some seconds."""

    def __init__(self, uri: str, clock: Callable[[], datetime], *, off_by: int = 0) -> None:
        self.uri, self.clock, self.off_by = uri, clock, off_by
        parts = urlsplit(uri)
        self.label = unquote(parts.path.removeprefix("/"))  # what the app writes above the code
        self.parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.secret = self.parameters["secret"]

    def code(self, *, steps: int = 0, algorithm: str = "sha1", period: int = 30) -> str:
        """Return the code that the app shows now, or so many steps later, under settings of its own."""
        counter = (int(self.clock().timestamp()) + self.off_by) // period + steps
        key = base64.b32decode(self.secret + "=" * (-len(self.secret) % 8))
        mac = hmac.new(key, struct.pack(">Q", counter), algorithm).digest()
        offset = mac[-1] & 15
        return f"{(struct.unpack('>I', mac[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06}"

    def wrong_code(self) -> str:
        """Return a code that is right at no step within ten minutes, nor now under other settings."""
        near = {self.code(steps=step) for step in range(-25, 26)}
        for algorithm, period in (("sha256", 30), ("sha512", 30), ("sha1", 60), ("sha1", 15)):
            near |= {self.code(steps=step, algorithm=algorithm, period=period) for step in range(-2, 3)}
        return next(
            code
            for code in ("000000", "111111", "222222", *map(str, range(300000, 300020)))
            if code not in near
        )
