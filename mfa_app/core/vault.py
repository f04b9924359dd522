"""Sealing: AES-256-GCM under the installation's data keys, each text bound to the row that it belongs to."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = "v1"
NONCE_BYTES = 12


class CannotUnseal(Exception):
    """The sealed text, the key and the place do not belong together."""


class Vault:
    """Seals under the first of its keys and unseals under any of them."""

    def __init__(self, data_keys: dict[str, bytes]) -> None:
        self._ciphers = {
            identifier: AESGCM(HKDF(SHA256(), 32, salt=None, info=b"second-gate seal v1").derive(key))
            for identifier, key in data_keys.items()
        }
        self._current = next(iter(data_keys))

    def seal(self, text: str, place: str) -> str:
        """Return `text` sealed for one place only, such as "totp|<authenticator id>|<user id>"."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, text.encode(), place.encode())
        return ":".join((VERSION, self._current, base64.b64encode(nonce + sealed).decode()))

    def unseal(self, sealed: str, place: str) -> str:
        """Return what was sealed for this place. Raises CannotUnseal."""
        try:
            version, identifier, encoded = sealed.split(":")
            raw = base64.b64decode(encoded)
            opened = self._ciphers[identifier].decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode())
        except (InvalidTag, KeyError, ValueError) as error:
            raise CannotUnseal(place) from error
        if version != VERSION:
            raise CannotUnseal(place)
        return opened.decode()


_vault: Vault | None = None


def use(vault: Vault) -> None:
    """Seal with this vault from now on."""
    global _vault
    _vault = vault


def vault() -> Vault:
    """Return the vault of this installation."""
    if _vault is None:
        raise RuntimeError("no vault: create_app opens it")
    return _vault
