"""Telling the trail to whoever collects logs: one line of JSON a row, printed by the site's workers."""

import logging
from collections.abc import Iterator

from sqlalchemy import ColumnElement, select, update

from mfa_app.core.audit import chain
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, TrailHead

BATCH = 500

# Whoever opens the set-up link acts as the terminal too, with an address: a worker has told of it at once.
BY_THE_CLI = (AuditEvent.actor_kind == "terminal", AuditEvent.ip_address == "")


log = logging.getLogger("mfa_app.trail")


@chain.observe
def stream_row(row: AuditEvent) -> None:
    """Tell of a row at once; a command has nobody who collects its lines, so there this prints nothing."""
    log.info(chain.line(row))


def stream_cli_events() -> None:
    """Tell of what was done at the terminal since this was last asked; commit.

    Of several workers that look at once one tells. One that dies between its claim and its last line leaves
    a gap in the numbers, which `lines` fills.
    """
    if not log.isEnabledFor(logging.INFO):
        return
    last, told = db.session.execute(select(TrailHead.last, TrailHead.streamed_up_to)).one()
    claim = update(TrailHead).where(TrailHead.streamed_up_to == told).values(streamed_up_to=last)
    won = last != told and db.session.execute(claim).rowcount == 1
    db.session.commit()
    if won:
        for text in lines(told, AuditEvent.id <= last, *BY_THE_CLI):
            log.info(text)


def lines(after: int, *conditions: ColumnElement[bool]) -> Iterator[str]:
    """Yield the lines of the rows that follow a number, as the workers print them."""
    following = select(AuditEvent).where(*conditions).order_by(AuditEvent.id).limit(BATCH)
    while rows := list(db.session.scalars(following.where(AuditEvent.id > after))):
        yield from map(chain.line, rows)
        after = rows[-1].id
        db.session.expunge_all()
