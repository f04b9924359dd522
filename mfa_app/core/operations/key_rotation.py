"""Rotating keys: re-encrypts sealed secrets in batches that survive a crash; replaces the signing key."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, inspect, select, update
from sqlalchemy.orm import InstrumentedAttribute

from mfa_app.core.audit.events import Event, record
from mfa_app.core.common.actor import Actor
from mfa_app.core.keys import keyring
from mfa_app.core.keys.vault import VERSION, vault
from mfa_app.extensions import db
from mfa_app.models import TABLES
from mfa_app.models.fate import SealedRow, Table
from mfa_app.settings import Settings

BATCH = 200


@dataclass(frozen=True)
class SealedColumn:
    """A column that holds sealed texts, and the primary key of its table."""

    key: InstrumentedAttribute[Any]
    column: InstrumentedAttribute[str | None]


def _sealed_column(model: type[Table], column: str) -> SealedColumn:
    (key,) = inspect(model).primary_key
    return SealedColumn(getattr(model, str(key.key)), getattr(model, column))


SEALED_COLUMNS = tuple(
    _sealed_column(model, model.fate.sealed.column) for model in TABLES if model.fate.sealed
)


@dataclass(frozen=True)
class Rotation:
    """A rotation of the data keys that has ended: the key under which all secrets are, and how many it moved.

    `continued`: an earlier rotation had been interrupted, so there is no new key.
    """

    key: str
    secrets: int
    continued: bool


def rotate_data_keys(settings: Settings, *, actor: Actor, report: Callable[[int, int], None]) -> Rotation:
    """Re-encrypt all secrets under a new data key, or finish an interrupted rotation, while the site runs.

    Commits after each batch and calls `report` with the secrets done so far and all that there are to do.
    Raises RotationRunning, and SettingError if a new key has to be put into the environment first.
    """
    with keyring.lock_rotation(settings):
        vault().refresh()
        continued = not set(keys_in_use()) <= {vault().current}
        if not continued:
            _add_data_key(settings)
        count = _reseal_all(report)
        record(Event.KEYS_ROTATED, actor=actor, key=vault().current, secrets=count)
        return Rotation(vault().current, count, continued)


def replace_signing_key(settings: Settings, *, actor: Actor) -> None:
    """Put a new key that signs cookies before the present one. The site uses it once it has restarted.

    Raises RotationRunning, and SettingError if the key comes from the environment.
    """
    with keyring.lock_rotation(settings):
        keyring.add_secret_key(settings)
        record(Event.SIGNING_KEY_REPLACED, actor=actor)


def keys_in_use() -> dict[str, int]:
    """Return the ids of the data keys that seal something, each with the number of texts that it seals."""
    counts: dict[str, int] = {}
    for sealed in SEALED_COLUMNS:
        # v1:KEY:... - the key's id runs from the fourth character to the next colon
        rest = func.substr(sealed.column, len(VERSION) + 2)
        texts = select(func.substr(rest, 1, 40)).where(sealed.column.is_not(None))
        for text in db.session.scalars(texts):
            identifier = text.partition(":")[0]
            counts[identifier] = counts.get(identifier, 0) + 1
    return counts


def _add_data_key(settings: Settings) -> None:
    # A request in progress may have sealed something under the previous key, so that key stays too.
    keyring.add_data_key(settings, in_use=set(vault().identifiers[:2]))
    vault().refresh()


def _reseal_all(report: Callable[[int, int], None]) -> int:
    """Re-encrypt what is not under the current key yet. Return how many rows."""
    total = sum(count for key, count in keys_in_use().items() if key != vault().current)
    done = 0

    def add(count: int) -> None:
        nonlocal done
        done += count
        report(done, total)

    reseal(add)
    return done


def reseal(report: Callable[[int], None]) -> None:
    """Re-encrypt everything under the current key. After each batch commit, and call `report` with its rows.

    Rows that are already sealed under the current key are skipped, so an interrupted rotation continues where
    it stopped. Rows that change meanwhile are picked up by the next batch.
    """
    for sealed in SEALED_COLUMNS:
        for rows in _batches(sealed):
            for row in rows:
                _reseal_row(row, sealed)
            db.session.commit()
            report(len(rows))


def _batches(sealed: SealedColumn) -> Iterator[list[SealedRow]]:
    model = sealed.key.class_
    outdated = sealed.column.not_like(f"{VERSION}:{vault().current}:%")
    statement = select(model).where(sealed.column.is_not(None), outdated).order_by(sealed.key).limit(BATCH)
    while rows := list(db.session.scalars(statement, execution_options={"populate_existing": True})):
        yield rows


def _reseal_row(row: SealedRow, sealed: SealedColumn) -> None:
    before = getattr(row, sealed.column.key)
    resealed = vault().seal(vault().unseal(before, row.seal_context), row.seal_context)
    same = sealed.key == getattr(row, sealed.key.key), sealed.column == before
    db.session.execute(update(type(row)).where(*same).values({sealed.column.key: resealed}))
