"""The audit trail on its page and as CSV."""

import codecs
import csv
import io
import itertools
from types import SimpleNamespace

import pytest

from mfa_app.admin.audit.csv_export import COLUMNS, lines
from mfa_app.core.audit import chain, events
from mfa_app.core.audit import search as trail
from mfa_app.core.audit.events import Event
from mfa_app.core.common.actor import Actor
from mfa_app.wording.events import event_name
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.statements import cost
from tests.support.stories import carol_at_work
from tests.support.world import TERMINAL, World


@pytest.fixture
def carol(world: World) -> Visitor:
    """The administrator, who has just entered a code."""
    return world.after(carol_at_work)


def found(page: Page) -> list[str]:
    return [name.get_text() for name in page.html.select("tbody td strong")]


def downloaded(visitor: Visitor) -> list[dict[str, str]]:
    page = visitor.press("Download as CSV", follow=False)
    assert page.response.mimetype == "text/csv"
    assert "attachment" in page.response.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(page.response.data.decode("utf-8-sig"))))


def note(world: World, count: int, actor: Actor = TERMINAL) -> None:
    with world.data():
        for number in range(count):
            events.record(Event.GROUP_CREATED, actor=actor, group=f"Group {number:03}")


def test_every_event_has_a_name_in_words() -> None:
    assert not [event for event in Event if event_name(event.label) == event.label]


def test_the_trail_shows_the_newest_first_and_what_changed(world: World, carol: Visitor) -> None:
    world.group("Finance", required=True, grace_days=3)
    page = carol.open("/admin/trail")
    assert found(page)[:2] == ["Policy changed", "Group created"]
    assert "Group: Finance Grace period (days): 0 → 3 Required: no → yes" in page.text
    assert "Terminal (tests)" in page.text


def test_rows_come_fifty_a_page_and_none_twice(world: World, carol: Visitor) -> None:
    note(world, 110)
    page = carol.open("/admin/trail?event=group.created")
    first, page = page.text, carol.open(page.html.find("a", rel="next")["href"])
    note(world, 3)
    second, page = page.text, carol.open(page.html.find("a", rel="next")["href"])
    assert "Group 109" in first and "Group 060" in first
    assert "Group 059" in second and "Group 010" in second
    assert len(found(page)) == 10
    assert "Newest" in page.text and "Older" not in page.text


@both_databases
def test_a_person_is_found_as_actor_and_as_subject(world: World, carol: Visitor) -> None:
    world.person("alice")
    world.password_given("alice")
    world.person("bob")
    page = carol.open("/admin/trail?person=ALICE%40example.com")
    assert found(page) == ["Logged in", "Password accepted", "Account created"]
    assert found(carol.open("/admin/trail?person=nobody")) == []
    assert "Nothing found" in carol.page.text


def test_a_person_is_found_under_an_address_of_the_past(world: World, carol: Visitor) -> None:
    world.person("alice")
    with world.data():
        world.user("alice").email, world.user("alice").email_key = "a@example.com", "a@example.com"
    assert found(carol.open("/admin/trail?person=Alice@example.com")) == ["Account created"]
    assert found(carol.open("/admin/trail?person=a@example.com")) == ["Account created"]


def test_events_are_found_by_kind_and_by_days_in_utc(world: World, carol: Visitor) -> None:
    note(world, 1)
    world.clock.advance(hours=14, minutes=50)
    note(world, 1)
    world.clock.advance(minutes=15)
    carol = world.log_in_and_wait("carol")
    kind = "/admin/trail?event=group.created"
    assert len(found(carol.open(f"{kind}&since=2026-03-02&until=2026-03-02"))) == 2
    assert len(found(carol.open(f"{kind}&since=2026-03-03"))) == 0
    assert len(found(carol.open(f"{kind}&until=2026-03-01"))) == 0


@pytest.mark.parametrize(
    "query",
    ["event=nothing", "since=yesterday", "until=9999-12-31", "since=0001-01-01", "person=" + "x" * 400],
)
def test_a_search_that_makes_no_sense_gets_a_sentence(world: World, carol: Visitor, query: str) -> None:
    page = carol.open(f"/admin/trail?{query}")
    assert page.status == 400
    assert len(page.html.select(".field-error p")) == 1
    carol.open("/admin/trail")
    assert carol.post("/admin/trail.csv", **dict([query.split("=", 1)])).status == 400


@pytest.mark.parametrize("before", ["-1", "0", "x", "9" * 30, "-" + "9" * 30, "9" * 5000])
def test_any_number_of_a_page_gets_a_page(world: World, carol: Visitor, before: str) -> None:
    assert carol.open(f"/admin/trail?before={before}").status == 200


@both_databases
def test_the_download_holds_what_the_search_finds_and_goes_on_the_trail(world: World, carol: Visitor) -> None:
    note(world, trail.BATCH + 20)
    carol.open("/admin/trail?event=group.created")
    rows = downloaded(carol)
    assert len(rows) == trail.BATCH + 20
    assert rows[0]["details"] == f'{{"group": "Group {trail.BATCH + 19}"}}'
    assert [int(row["id"]) for row in rows] == sorted((int(row["id"]) for row in rows), reverse=True)
    assert world.details("trail.exported") == {"rows": trail.BATCH + 20}


def test_the_download_is_a_file_with_a_name_of_our_own(world: World, carol: Visitor) -> None:
    carol.open("/admin/trail")
    page = carol.post("/admin/trail.csv?filename=x.exe", filename="x.exe", event="group.created")
    headers = page.response.headers
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == 'attachment; filename="audit-trail-2026-03-02.csv"'


def test_looking_at_the_trail_writes_nothing(world: World, carol: Visitor) -> None:
    assert set(cost(world, carol, "/admin/trail?person=carol@example.com")) == {"SELECT"}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(world: World, carol: Visitor, name: str) -> None:
    note(world, 1, Actor("terminal", name))
    carol.open("/admin/trail?event=group.created")
    assert [row["actor_name"] for row in downloaded(carol)] == ["'" + name]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_runs_whatever_separates_the_cells(separator: str) -> None:
    texts = map("".join, itertools.product(';"=\t\r, x', repeat=5))
    *columns, last = COLUMNS  # the last holds a word, so that no cell runs on into the end of the line
    full = itertools.zip_longest(*[texts] * len(columns))
    rows = (SimpleNamespace(**dict(zip(columns, cells, strict=True)), **{last: "x"}) for cells in full)
    _heading, *found = lines(rows)
    for line in found:
        cells = [
            cell for row in csv.reader(io.StringIO(line, newline=""), delimiter=separator) for cell in row
        ]
        assert not [cell for cell in cells if cell.lstrip(' "').startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_seals_come_along_to_be_held_against_lines_and_anchors(world: World, carol: Visitor) -> None:
    note(world, 2)
    with world.data():
        end = chain.head()
    carol.open("/admin/trail?event=group.created")
    second, first = downloaded(carol)
    assert (second["id"], second["mac"], second["previous"]) == (str(end.last), end.mac, first["mac"])


def test_umlauts_come_with_the_mark_by_which_excel_knows_them(world: World, carol: Visitor) -> None:
    note(world, 1, Actor("terminal", "Jörg"))
    carol.open("/admin/trail?event=group.created")
    assert [row["actor_name"] for row in downloaded(carol)] == ["Jörg"]
    assert carol.press("Download as CSV", follow=False).response.data.startswith(codecs.BOM_UTF8)


def test_the_download_is_made_line_by_line() -> None:
    def endless() -> object:
        raise AssertionError("a row was read before it was asked for")
        yield

    assert next(lines(endless())).startswith('\ufeff"id","at","event",')
