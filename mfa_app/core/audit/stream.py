"""Streaming the audit trail to the log: one line of JSON per row, printed by the site's workers."""

import logging
from collections.abc import Iterator

from sqlalchemy import ColumnElement, select, update

from mfa_app.core.audit import chain
from mfa_app.core.common.actor import ActorKind
from mfa_app.extensions import db
from mfa_app.models import AuditEvent, TrailHead
from mfa_app.models.database import rows_changed
from mfa_app.models.row_facts import EventFacts

BATCH = 500

# Older rows of the set-up link say "terminal" too, but with an IP address: a worker has logged those.
BY_THE_CLI = (AuditEvent.actor_kind == ActorKind.TERMINAL, AuditEvent.ip_address == "")

log = logging.getLogger("mfa_app.trail")


def stream_row(row: EventFacts) -> None:
    """Log a new row at once. Inside a command this prints nothing, because the logger is off there."""
    log.info(chain.line(row))


def stream_cli_events() -> int | None:
    """Log the command-line events since the last call; commit. Return how many.

    Return None if this process doesn't print the trail: it then leaves them to those that do.

    If several workers run at once, one of them logs. If it dies between its claim and its last line, the log
    has a gap in the numbers, which `lines` can fill.
    """
    if not log.isEnabledFor(logging.INFO):
        return None
    last, streamed = db.session.execute(select(TrailHead.last, TrailHead.streamed_up_to)).one()
    claim = update(TrailHead).where(TrailHead.streamed_up_to == streamed).values(streamed_up_to=last)
    won = last != streamed and rows_changed(claim) == 1
    db.session.commit()
    count = 0
    if won:
        for count, text in enumerate(lines(streamed, AuditEvent.id <= last, *BY_THE_CLI), 1):  # noqa: B007
            log.info(text)
    return count


def lines(after: int, *conditions: ColumnElement[bool]) -> Iterator[str]:
    """Yield the log lines of the rows after a number, exactly as the workers print them."""
    following = select(AuditEvent).where(*conditions).order_by(AuditEvent.id).limit(BATCH)
    while rows := list(db.session.scalars(following.where(AuditEvent.id > after))):
        yield from map(chain.line, rows)
        after = rows[-1].id
        db.session.expunge_all()
