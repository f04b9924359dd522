"""The keys of this installation: read from the environment, else from a file that is made once."""

import base64
import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mfa_app.config import SettingError, Settings

DATA_KEY_BYTES = 32


@dataclass(frozen=True)
class Keys:
    """`secret_key` signs cookies; of `data_keys` (id -> key) the first seals and all unseal."""

    secret_key: str
    data_keys: dict[str, bytes]


def load_keys(settings: Settings) -> Keys:
    """Return the keys; make the file `keys` (mode 0600) in the instance folder if it is needed and missing.

    Raises SettingError when a key cannot be read.
    """
    secret_key, data_keys = settings.secret_key, settings.data_keys
    if secret_key is None or data_keys is None:
        stored = _stored(settings.instance_path / "keys")
        secret_key = secret_key or stored["secret_key"]
        data_keys = data_keys or stored["data_keys"]
    return Keys(secret_key, _parse(data_keys))


def new_data_key() -> str:
    """Return a fresh data key as it stands in settings: id, colon, 256 random bits in base64."""
    return f"{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(DATA_KEY_BYTES)).decode()}"


def _stored(path: Path) -> dict[str, str]:
    if not path.exists():
        _make(path)
    try:
        stored = json.loads(path.read_text("utf-8"))
        return {"secret_key": str(stored["secret_key"]), "data_keys": str(stored["data_keys"])}
    except (OSError, ValueError, KeyError, TypeError):
        raise SettingError(
            f"The keys in {path} cannot be read. Put the file back from your backup: "
            "without it nobody's authentication app fits any more."
        ) from None


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".keys-")  # mode 0600 from birth
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"secret_key": secrets.token_urlsafe(48), "data_keys": new_data_key()}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)  # fails if another worker was first: then its keys are the keys
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)


def _parse(text: str) -> dict[str, bytes]:
    keys = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        identifier, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not identifier or len(key) != DATA_KEY_BYTES:
            raise SettingError(
                "MFA_DATA_KEYS must be a list of id:key, separated by commas, each key 32 bytes in base64."
            )
        keys[identifier] = key
    if not keys:
        raise SettingError("MFA_DATA_KEYS must name at least one key.")
    return keys
