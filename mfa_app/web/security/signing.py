"""Signers for what browsers keep: cookies and CSRF tokens."""

from typing import Any

from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode
from itsdangerous.serializer import Serializer

SHORT_BYTES = 256


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
