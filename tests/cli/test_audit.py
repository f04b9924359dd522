"""`flask audit ...`: the audit trail, from a terminal."""

from tests.cli.conftest import Typist, done
from tests.world import World


def test_the_trail_is_listed_newest_first_and_no_longer_than_asked(world: World, typed: Typist) -> None:
    for number in range(60):
        world.group(f"Group {number}")
    head, *rows = done(typed("audit", "list", "--limit", "55")).splitlines()
    assert head.split()[:3] == ["TIME", "(UTC)", "EVENT"]
    assert [row.rpartition(" ")[2] for row in rows] == [str(number) for number in range(59, 4, -1)]


def test_the_trail_is_filtered_by_person_and_event(world: World, typed: Typist) -> None:
    world.person("alice")
    world.log_in("alice")
    world.person("bob")
    of_alice = done(typed("audit", "list", "--person", "Alice@example.com"))
    assert "person.created" in of_alice
    assert "bob" not in of_alice
    _head, login = done(typed("audit", "list", "--event", "login.completed")).splitlines()
    assert login.endswith("With: password alone")


def test_a_change_is_told_by_what_differs(world: World, typed: Typist) -> None:
    world.group("Finance", required=True)
    assert done(typed("audit", "list", "--limit", "1")).endswith("Group: Finance, Required: no → yes\n")


def test_an_event_that_does_not_exist_is_a_wrong_use(typed: Typist) -> None:
    assert typed("audit", "list", "--event", "nothing.happened").exit_code == 2
