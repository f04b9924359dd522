"""Makes a seeded site as mixed as a company is: `python -m bench.mix --instance DIR`, once.

Without it everyone has an app and an open account, so lists of those who have not would be empty.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import click
from sqlalchemy import delete, select, update

from bench.app import app_of
from mfa_app.core.common import clock
from mfa_app.extensions import db
from mfa_app.models import Authenticator, Group, Membership, User
from mfa_app.models.user import Progress

UNSYNCHRONISED = {"synchronize_session": False}  # nothing of it is in the session

IS_FILLER = User.email_key.startswith("filler")  # not those who can log in, whom other measurements need


@click.command()
@click.option("--instance", type=click.Path(file_okay=False), help="Instance folder: keys, and SQLite.")
@click.option("--database", help="A PostgreSQL address instead of SQLite.")
def main(instance: str | None, database: str | None) -> None:
    """Give people and groups of a seeded site all the states that lists can show."""
    with app_of(instance, database).app_context():
        began = time.perf_counter()
        _mix(clock.now())
        db.session.commit()
        click.echo(f"mixed in {time.perf_counter() - began:.0f} s")


def _mix(now: datetime) -> None:
    fillers = select(User.id).where(IS_FILLER, User.id % 3 == 0)
    db.session.execute(
        delete(Authenticator).where(Authenticator.user_id.in_(fillers)), execution_options=UNSYNCHRONISED
    )
    for linked, every, values in _states_of_people(now):
        chosen = [User.id % every == 0, IS_FILLER, *([] if linked is None else [User.linked.is_(linked)])]
        db.session.execute(update(User).where(*chosen).values(values), execution_options=UNSYNCHRONISED)
    newcomers = Membership.user_id % 50 == 0, Membership.group_id.in_((1, 3))
    lately = now - timedelta(days=7)
    db.session.execute(
        update(Membership).where(*newcomers).values(joined_at=lately), execution_options=UNSYNCHRONISED
    )
    for group_id, values in _rules(now):
        db.session.execute(update(Group).where(Group.id == group_id).values(values))


def _states_of_people(now: datetime) -> Iterator[tuple[bool | None, int, dict[str, Any]]]:
    """Yield of whom, with an app, without or whoever, how many, and how they are from then on."""
    past, later = now - timedelta(days=90), now + timedelta(days=28)
    yield False, 6, {"progress": Progress.LOGGED_IN}
    yield False, 12, {"progress": Progress.SAW_QR_CODE}
    yield False, 203, {"password_hash": None, "progress": Progress.NOTHING}
    yield True, 2, {"second_factor_on": now.date()}
    yield None, 97, {"disabled_at": past}
    yield None, 501, {"exempt_until": later}
    yield None, 1009, {"opted_in": True}
    yield None, 5003, {"ends_at": later}
    yield None, 5009, {"required": True}
    yield None, 5011, {"link_by": later}
    yield None, 20_011, {"factors_locked_at": past}
    yield None, 20_021, {"account_locked_at": past}


def _rules(now: datetime) -> Iterator[tuple[int, dict[str, Any]]]:
    yield 3, {"grace_days": 14}
    yield 4, {"required_from": now + timedelta(days=28)}
    yield from ((group_id, {"required": False}) for group_id in range(6, 30))


if __name__ == "__main__":
    main()
