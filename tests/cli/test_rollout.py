"""`second-gate rollout`: the numbers of the board at the terminal."""

from datetime import timedelta

from mfa_app.core.rollout import trend
from tests.support.terminal import Typist, done
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
