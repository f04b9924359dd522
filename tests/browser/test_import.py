"""An import of two hundred people, from the list of people to the file with its result, in a real browser."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from mfa_app.extensions import db
from mfa_app.models import PeopleImport, User
from tests.support.chromium import Window
from tests.support.stories import carol_at_work
from tests.support.world import World

pytestmark = pytest.mark.browser

WRONG = ["anna1@firma.nl;Twice;Finance;", "zed@firma.nl;Zed;Nowhere;", "x@firma.nl;X;;3/4/2027"]


def company(folder: Path) -> Path:
    """Write a file of 200 people as Excel saves it, some of them wrong."""
    people = [f"anna{number}@firma.nl;Anna Nº {number};Finance;" for number in range(194)]
    known = ["alice@example.com;;;", "bob@example.com;Robert;Finance;2027-03-31", "carol@example.com;;;"]
    file = folder / "people.csv"
    lines = ["Email;Naam;Groepen;Laatste dag", *people, *known, *WRONG]
    file.write_text("\r\n".join(lines), "cp1252")
    return file


def test_two_hundred_people_from_the_list_to_the_file_with_the_result(
    world: World, new_window: Callable[..., Window], tmp_path: Path
) -> None:
    carol = world.after(carol_at_work)
    world.group("Finance")
    world.people("alice", "bob", "dave", "erin", "frank")
    window = new_window()
    window.goes_on_as(carol)
    window.open("/admin/people")
    window.follow("Import people")
    window.sees("Import people")
    window.page.set_input_files("input[type=file]", company(tmp_path))
    window.page.get_by_label("Add people who are new, and update the others").check()
    window.page.get_by_label("Show people who are missing from this file").check()
    window.page.get_by_label("Send the new people an invitation").check()
    window.press("Continue")
    window.sees("Check the import")
    window.follow("Left out 3")
    window.reads("Line 3 has the same email address. Keep one of the two.")
    window.reads("There is no group “Nowhere”.")
    window.follow("Not in the file 2")
    window.reads("erin@example.com")
    window.page.get_by_label("Disable these 2 people").check()
    window.press("Import 194 people and change 1")
    window.sees("The import is saved")
    window.reads("194 people were added. 1 person was changed. 2 accounts were disabled. 3 rows were wrong")
    with window.page.expect_download() as download:
        window.press("For Excel (semicolons)")
    download.value.save_as(tmp_path / "result.csv")
    with (tmp_path / "result.csv").open(encoding="utf-8-sig", newline="") as file:
        results = [row["Result"] for row in csv.DictReader(file, delimiter=";")]
    assert (len(results), results.count("New"), results.count("Left out")) == (203, 194, 3)
    assert world.count(User, User.disabled_at.is_not(None)) == 2
    assert world.mails("anna0@firma.nl") == ["invitation"]


def test_the_page_of_an_import_looks_again_until_it_is_saved(
    world: World, new_window: Callable[..., Window]
) -> None:
    carol = world.after(carol_at_work)
    carol.open("/admin/people/import")
    path = carol.press("Continue", lines="Email\nanna@firma.nl\n").path
    state(world, "reading", rows_done=0, rows_all=9000)
    window = new_window()
    window.goes_on_as(carol)
    window.open(path)
    window.reads("0 of about 9,000 rows have been compared with the accounts.")
    state(world, "reading", rows_done=4000)
    expect(window.page.locator("progress")).to_have_attribute("value", "4000")
    state(world, "ready")
    window.sees("Check the import")


def state(world: World, name: str, **columns: int) -> None:
    """Let the import have come so far."""
    with world.data():
        db.session.execute(update(PeopleImport).values(state=name, **columns))
