"""Rotating the data keys: re-encrypting every sealed secret, in batches that survive a crash."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import func, inspect, select, update
from sqlalchemy.orm import InstrumentedAttribute

from mfa_app.core.keys.vault import VERSION, vault
from mfa_app.extensions import db
from mfa_app.models import TABLES

BATCH = 200


@dataclass(frozen=True)
class SealedColumn:
    """A column that holds sealed texts, and the primary key of its table."""

    key: InstrumentedAttribute
    column: InstrumentedAttribute


def _sealed_column(model: type[db.Model]) -> SealedColumn:
    (key,) = inspect(model).primary_key
    return SealedColumn(getattr(model, key.key), getattr(model, model.fate.sealed.column))


SEALED_COLUMNS = tuple(_sealed_column(model) for model in TABLES if model.fate.sealed)


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


def _batches(sealed: SealedColumn) -> Iterator[list]:
    model = sealed.key.class_
    outdated = sealed.column.not_like(f"{VERSION}:{vault().current}:%")
    statement = select(model).where(sealed.column.is_not(None), outdated).order_by(sealed.key).limit(BATCH)
    while rows := list(db.session.scalars(statement, execution_options={"populate_existing": True})):
        yield rows


def _reseal_row(row: db.Model, sealed: SealedColumn) -> None:
    before = getattr(row, sealed.column.key)
    anew = vault().seal(vault().unseal(before, row.seal_context), row.seal_context)
    same = sealed.key == getattr(row, sealed.key.key), sealed.column == before
    db.session.execute(update(type(row)).where(*same).values({sealed.column.key: anew}))
