"""`second-gate rollout`: the numbers of the board at the terminal."""

import json
from datetime import timedelta

from mfa_app.core.rollout import trend
from tests.support.terminal import Typist, done, refused
from tests.support.world import World


def test_the_terminal_shows_the_numbers_of_the_board(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("eve", groups_=("Finance",))
    world.person("alice", groups_=("Finance",))
    world.people("bob", "frank")
    with world.data():
        trend.note_day(now=world.clock() + timedelta(days=1))
    assert done(typed("rollout", "show")).splitlines() == [
        "STEP                         PEOPLE  OF ALL",
        "People                       4       100 %",
        "Logged in once               1       25 %",
        "Saw the QR code              1       25 %",
        "Linked an app or passkey     1       25 %",
        "Used it in the last 30 days  1       25 %",
        "1 person must still link an app or add a passkey.",
        "The site notes these numbers at the end of each day. The chart begins with the second day.",
    ]
    lines = done(typed("rollout", "show", "--group", "finance")).splitlines()
    assert lines[1].split() == ["People", "2", "100", "%"]
    assert "There is no group named Sales" in typed("rollout", "show", "--group", "Sales").stderr
    world.require("Finance", False)
    assert "Nobody has to link" in done(typed("rollout", "show", "--group", "Finance"))


def test_who_must_still_link_is_listed_and_reminded(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    world.linked_earlier("eve", groups_=("Finance",))
    world.person("alice", groups_=("Finance",))
    world.person("bob", groups_=("Finance",))
    _head, *rows = done(typed("rollout", "list")).splitlines()
    assert [row.split()[0] for row in rows] == ["alice@example.com", "bob@example.com"]
    assert rows[0].split(None, 2)[2].split("  ") == ["Never logged in", "now", "-"]
    assert done(typed("users", "remind", "bob@example.com")) == "1 person reminded.\n"
    assert "There is nobody to remind" in refused(typed("users", "remind", "bob@example.com"))
    world.group("Sales")
    assert "Nobody has to link" in done(typed("rollout", "list", "--group", "Sales"))
    assert json.loads(done(typed("rollout", "list", "--json")))[0] == {
        "email": "alice@example.com",
        "name": "Alice",
        "progress": "nothing",
        "link_by": None,
        "invited": False,
        "email_refused": False,
        "reminded_at": None,
    }
    assert done(typed("rollout", "remind")) == "1 person reminded.\n"
    assert world.mails("alice") == world.mails("bob") == ["reminder"]
    world.require("Finance", False)
    assert "Nobody has to link" in done(typed("rollout", "list", "--group", "Finance"))
