"""An authenticator in software: makes passkeys and answers with them, as a browser would send it."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256, CoseKey
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

FLAG = AuthenticatorData.FLAG
USED = FLAG.UP | FLAG.UV
ORIGIN = "http://localhost:8000"
UNKNOWN_MAKER = bytes(16)


@dataclass
class Credential:
    """A passkey: its key, the site and the user that it is for, and its counter."""

    rp_id: str
    user_handle: str
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    count: int = 0


class Authenticator:
    """Somebody's authenticator, with any number of passkeys, in a browser that shows the site at `origin`.

    `flags` are what it says of the user and of its keys. `counts`: its counter goes up with each answer.
    """

    def __init__(
        self,
        *,
        origin: str = ORIGIN,
        aaguid: bytes = UNKNOWN_MAKER,
        flags: FLAG = USED,
        counts: bool = True,
    ) -> None:
        self.origin, self.aaguid, self.flags, self.counts = origin, aaguid, flags, counts
        self.credentials: list[Credential] = []

    def make(self, options: dict[str, Any], **said: Any) -> str:
        """Make a passkey as the site's options ask for; return what the browser sends.

        `said` is what the browser says of itself instead of the truth.
        """
        made = Credential(options["rp"]["id"], options["user"]["id"])
        self.credentials.append(made)
        self._count(made)
        data = AttestedCredentialData.create(self.aaguid, made.id, _cose(made))
        shown = AuthenticatorData.create(_digest(made.rp_id), self.flags | FLAG.AT, made.count, data)
        client_data = self._client_data("webauthn.create", options["challenge"], said)
        attestation = AttestationObject.create("none", shown, {})
        response = {"clientDataJSON": client_data.b64, "attestationObject": websafe_encode(attestation)}
        return _sent(made, response)

    def answer(self, options: dict[str, Any], credential: Credential | None = None, **said: Any) -> str:
        """Sign with the passkey that was made last, or with another; return what the browser sends."""
        made = credential or self.credentials[-1]
        self._count(made)
        shown = AuthenticatorData.create(_digest(made.rp_id), self.flags, made.count)
        client_data = self._client_data("webauthn.get", options["challenge"], said)
        signature = made.key.sign(shown + client_data.hash, ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": client_data.b64,
            "authenticatorData": websafe_encode(shown),
            "signature": websafe_encode(signature),
            "userHandle": made.user_handle,
        }
        return _sent(made, response)

    def _count(self, credential: Credential) -> None:
        credential.count += self.counts

    def _client_data(self, kind: str, challenge: str, said: dict[str, Any]) -> CollectedClientData:
        words = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False} | said
        return CollectedClientData(json.dumps(words).encode())


def with_algorithm(answer: str, algorithm: int) -> str:
    """Return the answer to a registration as it would be if its key were for another algorithm."""
    sent = json.loads(answer)
    attestation = AttestationObject(websafe_decode(sent["response"]["attestationObject"]))
    made = attestation.auth_data.credential_data
    assert made is not None
    key = {**made.public_key, 3: algorithm}
    length = len(made.credential_id).to_bytes(2, "big")
    changed = bytes(made.aaguid) + length + made.credential_id + cbor.encode(key)
    flags, count = FLAG(attestation.auth_data.flags), attestation.auth_data.counter
    shown = attestation.auth_data.rp_id_hash + bytes([flags]) + count.to_bytes(4, "big") + changed
    encoded = cbor.encode({"fmt": "none", "authData": shown, "attStmt": {}})
    sent["response"]["attestationObject"] = websafe_encode(encoded)
    return json.dumps(sent)


def _cose(made: Credential) -> CoseKey:
    numbers = made.key.public_key().public_numbers()
    x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
    return ES256({1: 2, 3: ES256.ALGORITHM, -1: 1, -2: x, -3: y})


def _digest(rp_id: str) -> bytes:
    return hashlib.sha256(rp_id.encode()).digest()


def _sent(made: Credential, response: dict[str, str]) -> str:
    id_ = websafe_encode(made.id)
    return json.dumps({"id": id_, "rawId": id_, "type": "public-key", "response": response})
