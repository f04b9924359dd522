"""Each stage of the list of invitations has those of which `state_of` says so, and nobody else."""

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import insert

from mfa_app.core.users import invitation_list
from mfa_app.core.users.invitation_list import Stage
from mfa_app.core.users.invitations import State
from mfa_app.extensions import db
from mfa_app.models import Invitation, User
from tests.support.databases import both_databases
from tests.support.world import World

DAY = timedelta(days=1)


def one_of_each_kind(world: World) -> None:
    """Add an invitation for each way in which its dates, its mail, its stamp and a refusal come together."""
    sent_at = world.clock() - 2 * DAY
    kinds = product((0, 1), (None, -1, 0, 1), (-1, 1), (None, 1), (None, 1), (None, 1))
    people, invitations = [], []
    for number, (stamp, refused, ends, mailed, opened, used) in enumerate(kinds, 1):
        email = f"person{number:03}@example.com"
        people.append(
            {"id": number, "email": email, "email_key": email, "name": email, "name_key": email}
            | {"created_at": sent_at, "security_stamp": 0}
            | {"email_refused_at": sent_at + refused * DAY if refused is not None else None}
        )
        noted = {"mailed_at": mailed, "opened_at": opened, "used_at": used}
        invitations.append(
            {"user_id": number, "digest": email, "security_stamp": -stamp}
            | {"sender": "", "sent_at": sent_at, "expires_at": world.clock() + ends * DAY}
            | {column: sent_at if value else None for column, value in noted.items()}
        )
    with world.data():
        db.session.execute(insert(User), people)
        db.session.execute(insert(Invitation), invitations)


@both_databases
def test_each_stage_has_those_that_are_in_the_state_of_its_name(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitation_list, "PAGE", 500)
    one_of_each_kind(world)
    with world.data():
        everybody = invitation_list.page(now=world.clock()).entries
        assert {entry.state for entry in everybody} == set(State)
        for state in State:
            shown = invitation_list.page(Stage[state.name], now=world.clock()).entries
            expected = {entry.id for entry in everybody if entry.state is state}
            assert {entry.id for entry in shown} == expected, state
