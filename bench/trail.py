"""The audit trail of a seeded site: what people did, chained and sealed as the site itself does it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from bench.bulk import Bulk
from bench.people import ADMINISTRATOR, Person, email_of
from bench.plan import Plan
from mfa_app.core.audit import chain
from mfa_app.core.audit.chain import Anchor
from mfa_app.core.audit.events import Event
from mfa_app.core.common.actor import ActorKind
from mfa_app.models import AuditEvent

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"

Deed = tuple[Event, dict[str, Any]]
_CREATED: Deed = (Event.USER_CREATED, {"role": "staff", "groups": []})
_LINKED: Deed = (Event.AUTHENTICATOR_LINKED, {"by_choice": False, "replaced": False, "app": None})
_LOGIN: tuple[Deed, ...] = (
    (Event.PASSWORD_ACCEPTED, {}),
    (Event.CODE_ACCEPTED, {"purpose": "login", "factor": "code"}),
    (Event.LOGIN_COMPLETED, {"method": "code"}),
)


class Unsealed(NamedTuple):
    """A row of the trail but for its seal."""

    id: int
    at: datetime
    event: str
    actor_kind: str
    actor_id: int | None
    actor_name: str
    subject_id: int
    subject_name: str
    ip_address: str
    user_agent: str
    details: dict[str, Any]
    previous: str


def fill(table: Bulk, plan: Plan, head: Anchor, key: bytes) -> Anchor:
    """Write the rows that follow this end of the trail, under its key. Return the new end."""
    end = head

    def rows() -> Iterator[tuple[Any, ...]]:
        nonlocal end
        for person, at, (event, details) in _deeds(plan):
            row = _row(end, person, at, event, details)
            end = Anchor(row.id, chain.seal_row(cast(AuditEvent, row), key))
            yield *row, end.mac

    table.insert(AuditEvent, (*Unsealed._fields, "mac"), rows())
    return end


def _deeds(plan: Plan) -> Iterator[tuple[Person, datetime, Deed]]:
    """Yield who did what when: first all accounts are created, then all apps linked, then people log in."""
    for number, deeds in enumerate(_rounds(plan.trail)):
        for person in plan.persons(f"Trail, part {number + 1}"):
            at = plan.joined(person) if number == 0 else plan.last_login(person) + timedelta(hours=number - 2)
            for deed in deeds:
                yield person, at, deed


def _rounds(rows: int) -> list[tuple[Deed, ...]]:
    """Return what each person does in each round, so that it makes so many rows in all."""
    first: tuple[tuple[Deed, ...], ...] = (_CREATED,), (_LINKED,)
    rounds = list(first[:rows])
    while (missing := rows - sum(map(len, rounds))) > 0:
        rounds.append(_LOGIN[:missing])
    return rounds


def _row(end: Anchor, person: Person, at: datetime, event: Event, details: dict[str, Any]) -> Unsealed:
    actor_id, actor_name = (person.id, person.email)
    if event is Event.USER_CREATED:
        actor_id, actor_name = 1, email_of(ADMINISTRATOR)
    address = f"10.{person.id >> 16 & 255}.{person.id >> 8 & 255}.{person.id & 255}"
    return Unsealed(
        end.last + 1, at, event.label, ActorKind.PERSON, actor_id, actor_name, person.id, person.email,
        address, BROWSER, details, end.mac,
    )  # fmt: skip
