"""The list of people as a file: with the filter that is on, for Excel and for other programs."""

import csv

from tests.support.stories import carol_at_work, dave_at_work
from tests.support.world import World


def test_the_file_has_the_people_that_the_list_shows(world: World) -> None:
    world.group("Finance")
    world.people("alice", "bob", groups_=("Finance",))
    world.person("zoe")
    world.rename("bob", "=HYPERLINK(1)")
    carol = world.after(carol_at_work)
    carol.submit(f"/admin/people/{world.id_of('alice')}/disable")
    carol.open("/admin/people", query_string={"group": 1})
    file = carol.press("For Excel (semicolons)")
    lines = file.response.get_data().decode("utf-8-sig").splitlines()
    assert file.response.mimetype == "text/csv" and file.response.get_data().startswith(b"\xef\xbb\xbf")
    assert lines[0] == '"Email";"Name";"Groups";"Role";"Directory number";"Last day";"Enabled"'
    rows = {row["Email"]: row for row in csv.DictReader(lines, delimiter=";")}
    assert {email: row["Enabled"] for email, row in rows.items()} == {
        "alice@example.com": "no",
        "bob@example.com": "yes",
    }
    assert rows["bob@example.com"]["Name"] == "'=HYPERLINK(1)"
    assert world.details("people.exported") == {"rows": 2}
    carol.open("/admin/people")
    everyone = carol.press("For other programs (commas)").response.get_data(as_text=True)
    assert everyone.startswith('"Email","Name"')
    assert [line.split(",")[0] for line in everyone.splitlines()[1:]] == [
        f'"{name}@example.com"' for name in ("alice", "bob", "carol", "zoe")
    ]


def test_a_filter_that_nobody_can_choose_leads_to_the_list(world: World) -> None:
    carol = world.after(carol_at_work)
    page = carol.submit("/admin/people.csv", group="7")
    assert (page.path, "people.exported" in world.events()) == ("/admin/people", False)


def test_the_help_desk_gets_no_file(world: World) -> None:
    dave = world.after(dave_at_work)
    assert "Download this list" not in dave.open("/admin/people").text
    assert dave.submit("/admin/people.csv").status == 403
