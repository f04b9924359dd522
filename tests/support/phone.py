"""An authentication app of our own: computes codes as RFC 6238 says, without the library under test."""

import base64
import hashlib
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

    def code(self, *, steps: int = 0) -> str:
        """Return the code that the app shows now, or so many steps of 30 seconds later."""
        counter = (int(self.clock().timestamp()) + self.off_by) // 30 + steps
        key = base64.b32decode(self.secret + "=" * (-len(self.secret) % 8))
        mac = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
        offset = mac[-1] & 15
        return f"{(struct.unpack('>I', mac[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06}"

    def wrong_code(self) -> str:
        """Return a code that is right at no step anywhere near."""
        near = {self.code(steps=step) for step in range(-5, 6)}
        return next(
            code
            for code in ("000000", "111111", "222222", *map(str, range(300000, 300020)))
            if code not in near
        )
