"""Signers for what browsers keep: cookies and CSRF tokens."""

from typing import Any

from flask import Flask
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode
from itsdangerous.serializer import Serializer

SHORT_BYTES = 256


def signing_keys(app: Flask) -> tuple[str, ...]:
    """Return the keys of an application by which a signature counts. The last one signs."""
    return (*(app.config["SECRET_KEY_FALLBACKS"] or ())[::-1], app.config["SECRET_KEY"])


class _PlainIfShort(Serializer[str]):
    """Compresses only long values. For a short one that would take five times as long as all the rest."""

    def dump_payload(self, obj: Any) -> bytes:
        """Return a value as it is signed."""
        written = self.serializer.dumps(obj, **self.serializer_kwargs)
        as_bytes = written.encode() if isinstance(written, str) else written
        return base64_encode(as_bytes) if len(as_bytes) <= SHORT_BYTES else super().dump_payload(obj)


class Signer(_PlainIfShort, URLSafeSerializer):
    """Signs what has no age."""


class TimedSigner(_PlainIfShort, URLSafeTimedSerializer):
    """Signs with the time of signing."""
