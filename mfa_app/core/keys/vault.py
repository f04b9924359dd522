"""Sealing: AES-256-GCM under the installation's data keys, with each text bound to the row it belongs to."""

import base64
import contextlib
import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mfa_app.settings import SettingError
from mfa_app.site import site

VERSION = "v1"

NONCE_BYTES = 12


class CannotUnseal(Exception):
    """The sealed text doesn't open with these keys and this seal context."""


class Vault:
    """Seals under its first key and unseals under any of its keys.

    `reread` returns the current keys, because they may be rotated while this process runs. It is called
    before each sealing, so that nothing is sealed under a retiring key, and when a text names an unknown key.
    """

    def __init__(
        self, data_keys: dict[str, bytes], reread: Callable[[], dict[str, bytes]] | None = None
    ) -> None:
        self._reread = reread
        self._data_keys: dict[str, bytes] = {}
        self._kept: tuple[str, str, str] | None = None  # sealed text, context, and what it says
        self._take(data_keys)

    @property
    def current(self) -> str:
        """The id of the key that seals."""
        return next(iter(self._data_keys))

    @property
    def identifiers(self) -> list[str]:
        """The ids of all keys, the one that seals first."""
        return list(self._data_keys)

    def refresh(self) -> None:
        """Reload the keys. If they can't be read, the present ones stay."""
        with contextlib.suppress(SettingError):
            if self._reread is not None:
                self._take(self._reread())

    def seal(self, text: str, context: str) -> str:
        """Return `text` encrypted for one seal context (AAD), such as "totp|<authenticator id>|<user id>"."""
        self.refresh()
        nonce, (current, cipher) = os.urandom(NONCE_BYTES), next(iter(self._ciphers.items()))
        sealed = cipher.encrypt(nonce, text.encode(), context.encode())
        return ":".join((VERSION, current, base64.b64encode(nonce + sealed).decode()))

    def unseal(self, sealed: str, context: str) -> str:
        """Return the text that was sealed for this seal context (AAD). Raises CannotUnseal."""
        version, _, rest = sealed.partition(":")
        identifier, _, encoded = rest.partition(":")
        if identifier not in self._ciphers:
            self.refresh()
        cipher = self._ciphers.get(identifier)
        if version != VERSION or cipher is None:
            raise CannotUnseal(context)
        try:
            raw = base64.b64decode(encoded)
            opened = cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise CannotUnseal(context) from error
        return opened.decode()

    def unseal_and_keep(self, sealed: str, context: str) -> str:
        """Do the same for a secret of the installation, and keep it until its text or the keys change."""
        kept = self._kept
        if kept is None or kept[:2] != (sealed, context):
            kept = self._kept = sealed, context, self.unseal(sealed, context)
        return kept[2]

    def _take(self, data_keys: dict[str, bytes]) -> None:
        if list(data_keys.items()) == list(self._data_keys.items()):
            return
        self._data_keys, self._kept = data_keys, None
        self._ciphers = {
            identifier: AESGCM(HKDF(SHA256(), 32, salt=None, info=b"second-gate seal v1").derive(key))
            for identifier, key in data_keys.items()
        }


def key_of(sealed: str) -> str:
    """Return the id of the key that sealed this text."""
    return sealed.split(":")[1]


def vault() -> Vault:
    """Return the vault of the current application."""
    return site()[Vault]
