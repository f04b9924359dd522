"""The keys of this installation: read from the environment, else from a file that is created once."""

import base64
import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from mfa_app.core.common import database_errors, files, schema
from mfa_app.core.common.errors import RotationRunning
from mfa_app.settings import SettingError, Settings

DATA_KEY_BYTES = 32


@dataclass(frozen=True)
class Keys:
    """`secret_keys` sign cookies, `data_keys` (id -> 32 bytes) seal. The first of each is the current one."""

    secret_keys: list[str]
    data_keys: dict[str, bytes]


def load_keys(settings: Settings) -> Keys:
    """Return the keys. If they are needed and missing, create the file `keys` (mode 0600).

    Raises SettingError if a key can't be read, or if the file is missing but the database holds secrets: new
    keys couldn't open them, and everybody would have to enrol again.
    """
    settings.make_instance_folder()
    secret_key, data_keys = settings.secret_key, settings.data_keys
    if secret_key is None or data_keys is None:
        path = file_of(settings)
        if data_keys is None:
            _refuse_to_replace(path, settings)
        stored = _stored(path)
        secret_key = secret_key or stored["secret_key"]
        data_keys = data_keys or stored["data_keys"]
    return Keys(secret_key.split(","), _parse(data_keys))


def file_of(settings: Settings) -> Path:
    """Return the path of the key file."""
    return settings.instance_path / "keys"


def location(settings: Settings) -> str:
    """Return where the data keys are: the setting that has them, or the whole path of the key file."""
    return "MFA_DATA_KEYS" if settings.data_keys else str(file_of(settings).resolve())


def new_data_key() -> str:
    """Return a new data key as written in settings: id, colon, 256 random bits in base64."""
    return f"{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(DATA_KEY_BYTES)).decode()}"


def new_secret_key() -> str:
    """Return a new secret key: 384 random bits in URL-safe base64."""
    return secrets.token_urlsafe(48)


def add_data_key(settings: Settings, *, in_use: set[str]) -> None:
    """Add a new data key as the current one to the file `keys`, and drop those that are not `in_use`.

    Raises SettingError if the data keys come from the environment, which only the engineer can change.
    """
    if settings.data_keys is not None:
        raise SettingError(
            "The data keys are set in MFA_DATA_KEYS. Put a new one before the others there "
            f"(such as {new_data_key()}), restart the site, then rotate again."
        )
    path = file_of(settings)
    stored = _stored(path)
    kept = [entry for entry in stored["data_keys"].split(",") if entry.partition(":")[0] in in_use]
    stored["data_keys"] = ",".join([new_data_key(), *kept])
    _replace(path, stored)


def add_secret_key(settings: Settings) -> None:
    """Add a new secret key as the current one to the file `keys`. Of the old ones only the latest is kept.

    Raises SettingError if the secret key comes from the environment.
    """
    if settings.secret_key is not None:
        raise SettingError(
            "The key that signs is set in MFA_SECRET_KEY. Put a new one and a comma before the current "
            f"one there (such as {new_secret_key()}), restart the site, and remove the old one after 30 days."
        )
    path = file_of(settings)
    stored = _stored(path)
    present = stored["secret_key"].partition(",")[0]
    _replace(path, {**stored, "secret_key": f"{new_secret_key()},{present}"})


@contextmanager
def lock_rotation(settings: Settings) -> Iterator[None]:
    """Keep other rotations out while the block runs: two at once would lose one new key and all it sealed.

    Raises RotationRunning.
    """
    with open(settings.instance_path / "keys.lock", "w", opener=files.open_private) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RotationRunning from None
        yield


def _refuse_to_replace(path: Path, settings: Settings) -> None:
    if path.exists():
        return
    try:
        needed = schema.holds_secrets(settings)
    except SQLAlchemyError as error:
        url = make_url(settings.database_url)
        reason = database_errors.reason_of(error, url)
        raise SettingError(
            f"Could not use the database {database_errors.name_of(url)}: {reason}. "
            f"The keys in {path} are created once it can be used."
        ) from None
    if needed and not path.exists():  # another process may just have created both
        raise SettingError(
            f"The keys in {path} are missing, and the database holds secrets that only they open. Put back "
            "the file keys from your backup. With other keys nobody's authentication app works any more."
        )


def _stored(path: Path) -> dict[str, str]:
    try:
        if not path.exists():
            _make(path)
    except OSError as error:
        raise SettingError(f"Could not write the keys to {path}: {error.strerror}.") from None
    try:
        stored = json.loads(path.read_text("utf-8-sig"))  # an editor may have added a byte order mark
        return {"secret_key": str(stored["secret_key"]), "data_keys": str(stored["data_keys"])}
    except (OSError, ValueError, KeyError, TypeError):
        raise SettingError(
            f"Could not read the keys in {path}. Restore the file from your backup: "
            "without it nobody's authentication app works any more."
        ) from None


def _make(path: Path) -> None:
    fresh = {"secret_key": new_secret_key(), "data_keys": new_data_key()}
    temporary = _write_beside(path, fresh)
    try:
        files.publish(Path(temporary), path)
        files.sync_folder(path.parent)  # it survives a power cut before anything is sealed under its keys
    except FileExistsError:  # another worker was first: its keys are used
        pass
    finally:
        Path(temporary).unlink(missing_ok=True)


def _replace(path: Path, stored: dict[str, str]) -> None:
    os.replace(_write_beside(path, stored), path)
    files.sync_folder(path.parent)


def _write_beside(path: Path, stored: dict[str, str]) -> str:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".keys-")  # created with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            files.chown_like(handle, path)
            json.dump(stored, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        os.unlink(temporary)
        raise OSError(error.errno, error.strerror, str(path)) from None
    return temporary


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
