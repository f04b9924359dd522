"""The audit trail on its page and as CSV."""

import codecs
import csv
import io
import itertools
import re
from types import SimpleNamespace
from unittest.mock import ANY
from zoneinfo import ZoneInfo

import pytest

from mfa_app.admin.audit.csv_export import COLUMNS, for_people, for_programs
from mfa_app.core.audit import chain, events
from mfa_app.core.audit import search as trail
from mfa_app.core.audit.events import Event
from mfa_app.core.audit.happenings import Happening
from mfa_app.core.common import csv_cells
from mfa_app.core.common.actor import Actor
from mfa_app.core.sessions.signed_in import as_user
from mfa_app.settings import Settings
from mfa_app.wording.events import event_name
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.site_parts import part_of, put
from tests.support.statements import cost
from tests.support.stories import carol_at_work
from tests.support.world import TERMINAL, VISITOR, World

FOR_EXCEL, FOR_PROGRAMS = "For Excel (semicolons)", "For other programs (commas)"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
RUN = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would run
CREATED = ["The terminal (tests) created the account of Alice"]


@pytest.fixture
def carol(world: World) -> Visitor:
    """The administrator, who has just entered a code."""
    return world.after(carol_at_work)


def found(page: Page) -> list[str]:
    return [sentence.get_text() for sentence in page.html.select(".trail > li > div > p:first-child")]


def downloaded(visitor: Visitor, button: str = FOR_PROGRAMS) -> list[dict[str, str]]:
    page = visitor.press(button, follow=False)
    assert page.response.mimetype == "text/csv"
    assert "attachment" in page.response.headers["Content-Disposition"]
    text = io.StringIO(page.response.data.decode("utf-8-sig"))
    return list(csv.DictReader(text, delimiter="," if button == FOR_PROGRAMS else ";"))


def note(world: World, count: int, actor: Actor = TERMINAL) -> None:
    with world.data():
        for number in range(count):
            events.record(Event.GROUP_CREATED, actor=actor, group=f"Group {number:03}")


def test_every_event_has_a_name_in_words() -> None:
    assert not [event for event in Event if event_name(event.label) == event.label]


def test_the_trail_shows_the_newest_first_and_what_changed(world: World, carol: Visitor) -> None:
    world.group("Finance", required=True, grace_days=3)
    page = carol.open("/admin/trail")
    changed = "Grace period (days): 0 → 3, Required: no → yes"
    assert found(page)[:2] == [
        f"The terminal (tests) changed the rule for Finance ({changed})",
        "The terminal (tests) created the group Finance",
    ]
    assert f"Policy changed, Group: Finance, {changed}" in page.text
    assert [day.get_text() for day in page.html.select(".trail-day")] == ["Monday 2 March 2026 (UTC)"]


def test_a_login_is_one_line_with_its_steps_behind_it(world: World, carol: Visitor) -> None:
    (line,) = carol.open("/admin/trail?person=carol").html.select(".trail > li:first-child")
    assert line.select_one("p").get_text() == "Carol logged in with a code from an unknown browser"
    steps = [step.get_text() for step in line.select("details li")]
    assert steps[:2] == ["09:00 Carol gave a right code", "09:00 Carol gave the right password"]
    assert carol.page.text.count("Carol gave the right password") == 1


def test_each_line_has_the_addresses_beside_the_names(world: World, carol: Visitor) -> None:
    world.person("alice")
    with world.data():
        events.record(
            Event.USER_DISABLED, actor=as_user(VISITOR, world.user("carol")), subject=world.user("alice")
        )
        gone = Actor("person", "gone@example.com", 999, ip_address="192.0.2.9")
        events.record(Event.GROUP_CREATED, actor=gone, group="Finance")
    first, second = carol.open("/admin/trail").html.select(".trail > li")[:2]
    assert first.select_one(".muted").get_text() == "gone@example.com · 192.0.2.9"
    assert not first.select("a")
    assert found(carol.page)[1] == "Carol (administrator) disabled the account of Alice"
    assert second.select_one(".muted").get_text() == "carol@example.com, alice@example.com · 192.0.2.1"
    people = [f"/admin/people/{world.id_of(name)}" for name in ("carol", "alice")]
    assert [link["href"] for link in second.select("a")] == people


def test_events_are_in_groups_in_the_menu(world: World, carol: Visitor) -> None:
    menu = carol.open("/admin/trail").html.select_one("select[name=event]")
    names = ["Logins", "Apps and passkeys", "Accounts", "Groups and rules", "Help desk", "Site"]
    assert [group["label"] for group in menu.select("optgroup")] == names
    labels = [option["value"] for option in menu.select("optgroup option")]
    assert sorted(labels) == sorted(event.label for event in Event)
    carol.open("/admin/trail?event=login.completed")
    (chosen,) = carol.page.html.select("option[selected]")
    assert chosen.get_text() == "Logged in"


@both_databases
def test_pages_end_between_logins_and_tell_each_row_once(world: World, carol: Visitor) -> None:
    world.person("alice")
    with world.data():
        subject = world.user("alice")
        alice = as_user(VISITOR, subject)
        for number in range(40):
            events.record(Event.PASSWORD_ACCEPTED, actor=alice, subject=subject)
            events.record(Event.CODE_ACCEPTED, actor=alice, subject=subject, purpose="login", factor="code")
            events.record(Event.LOGIN_COMPLETED, actor=alice, subject=subject, method="code")
            if number % 7 == 0:
                events.record(Event.LOGGED_OUT, actor=alice, subject=subject)
    told: list[int] = []
    steps = "Alice gave the right password"
    page, more = carol.open("/admin/trail"), True
    while more:
        rows = [row for text in re.findall(r"Rows? (\d+(?:, \d+)*)", page.text) for row in text.split(", ")]
        assert len(rows) <= trail.PAGE and steps not in found(page)
        told += map(int, rows)
        older = page.html.find("a", rel="next")
        page, more = carol.open(older["href"]) if older else page, older is not None
    assert told == list(range(told[0], 0, -1))
    assert told[0] > 125


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


def test_a_row_too_many_has_a_page_of_its_own(world: World) -> None:
    note(world, trail.PAGE)
    search = trail.TrailSearch(event=Event.GROUP_CREATED)
    with world.data():
        assert trail.read(search).before is None
    note(world, 1)
    with world.data():
        first = trail.read(search)
        assert len(first.rows) == trail.PAGE
        assert len(trail.read(search, before=first.before).rows) == 1


@both_databases
def test_a_person_is_found_as_actor_and_as_subject(world: World, carol: Visitor) -> None:
    world.person("alice")
    world.password_given("alice")
    world.person("bob")
    page = carol.open("/admin/trail?person=ALICE%40example.com")
    assert found(page) == [
        "Alice logged in with the password alone from an unknown browser",
        "The terminal (tests) created the account of Alice",
    ]
    assert found(carol.open("/admin/trail?person=nobody")) == []
    assert "Nothing found" in carol.page.text


def test_a_person_is_found_under_an_address_of_the_past(world: World, carol: Visitor) -> None:
    world.person("alice")
    with world.data():
        world.user("alice").email, world.user("alice").email_key = "a@example.com", "a@example.com"
    assert found(carol.open("/admin/trail?person=Alice@example.com")) == CREATED
    assert found(carol.open("/admin/trail?person=a@example.com")) == CREATED


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


NONSENSE = ("event=nothing", "since=yesterday", "until=9999-12-31", "since=0001-01-01", "person=" + "x" * 400)


def test_a_search_that_makes_no_sense_gets_a_sentence(carol: Visitor) -> None:
    for query in NONSENSE:
        page = carol.open(f"/admin/trail?{query}")
        assert page.status == 400, query
        assert len(page.html.select(".field-error p")) == 1, query
    carol.open("/admin/trail")
    for query in NONSENSE:
        assert carol.post("/admin/trail.csv", **dict([query.split("=", 1)])).status == 400, query


def test_any_number_of_a_page_gets_a_page(carol: Visitor) -> None:
    for before in ("-1", "0", "x", "9" * 30, "-" + "9" * 30, "9" * 5000):
        assert carol.open(f"/admin/trail?before={before}").status == 200, before[:40]


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


def test_a_cell_that_a_spreadsheet_would_run_is_made_text(world: World, carol: Visitor) -> None:
    names = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx")
    for name in reversed(names):
        note(world, 1, Actor("person", name))
    carol.open("/admin/trail?event=group.created")
    assert [row["actor_name"] for row in downloaded(carol)] == ["'" + name for name in names]
    assert [(row["By"], row["What happened"]) for row in downloaded(carol, FOR_EXCEL)] == [
        ("'" + name, f"'{name} created the group Group 000") for name in names
    ]


def test_no_cell_runs_whatever_separates_the_cells() -> None:
    texts = map("".join, itertools.product(';"=\t\r, x', repeat=5))
    *columns, last = COLUMNS  # the last holds a word, so that no cell runs on into the end of the line
    full = itertools.zip_longest(*[texts] * len(columns))
    rows = (SimpleNamespace(**dict(zip(columns, cells, strict=True)), **{last: "x"}) for cells in full)
    _heading, *found = for_programs(Happening(row) for row in rows)
    for written in (",", ";"):
        lines = [csv_cells.line(cells, written) for cells in found]
        for line, separator in itertools.product(lines, (",", ";", "\t")):
            read = csv.reader(io.StringIO(line, newline=""), delimiter=separator)
            cells = itertools.chain.from_iterable(read)
            assert not [cell for cell in cells if cell.lstrip(' "').startswith(RUN)], (written, separator)


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
    assert [row["By"] for row in downloaded(carol, FOR_EXCEL)] == ["Terminal (Jörg)"]
    assert carol.press(FOR_EXCEL, follow=False).response.data.startswith(codecs.BOM_UTF8)
    assert not carol.press(FOR_PROGRAMS, follow=False).response.data.startswith(codecs.BOM_UTF8)


def test_the_file_for_excel_has_words_and_the_time_of_the_company(world: World, carol: Visitor) -> None:
    world.person("alice")
    world.log_in_and_wait("alice", world.visitor(browser=CHROME))
    settings = part_of(world.app, Settings)
    put(world.app, settings.model_copy(update={"time_zone": ZoneInfo("Europe/Berlin")}))
    carol.open("/admin/trail?event=login.completed&person=alice")
    assert downloaded(carol, FOR_EXCEL) == [
        {
            "Number": ANY,
            "Time (Europe/Berlin)": "2026-03-02 10:01:00",
            "What happened": "Alice logged in with the password alone from Chrome on Windows",
            "Event": "Logged in",
            "By": "alice@example.com",
            "About": "alice@example.com",
            "IP address": "192.0.2.1",
            "Browser": "Chrome on Windows",
            "Details": "Logged in with: password alone",
        }
    ]


def test_the_download_is_made_line_by_line(world: World) -> None:
    def endless() -> object:
        raise AssertionError("a row was read before it was asked for")
        yield

    assert next(for_programs(endless())) == COLUMNS
    with world.app.test_request_context():
        assert next(for_people(endless()))[0] == "Number"
