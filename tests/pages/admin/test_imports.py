"""People from a file, on pages: what each row would do is shown first, and saved when somebody says so."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import update
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from mfa_app.extensions import db
from mfa_app.models import ImportRow, PeopleImport, Role, User
from tests.support.browser import Page, Visitor
from tests.support.databases import both_databases
from tests.support.stories import carol_at_work
from tests.support.world import World

FORM = "/admin/people/import"
FILE = """Email;Name;Groups;Role;Last day;Shoe size
anna@firma.nl;Anna <b>Berg</b>;Finance;;2027-03-31;38
bob@example.com;Robert;Finance;;;
alice@example.com;;;;;
zed@firma.nl;Zed;Sales;;;
no address;X;;;;
"""


def sent(visitor: Visitor, content: str | bytes = FILE, **fields: object) -> Page:
    """Send a file with the form; return the page behind it."""
    visitor.open(FORM)
    file = content if isinstance(content, bytes) else content.encode()
    return visitor.press("Continue", file=(io.BytesIO(file), "people.csv"), **fields)


def posted(visitor: Visitor, path: str, **fields: object) -> Page:
    """Post fields as a form with a file does, with the token of the page at hand."""
    token = visitor.current.csrf_token
    boundary, body = encode_multipart({"csrf_token": token, **fields})
    kind = f"multipart/form-data; boundary={boundary}"
    return visitor.open(path, method="POST", data=body, content_type=kind, follow=False)


def rows_of(page: Page) -> list[dict[str, str]]:
    """Return the rows of a CSV file that was downloaded for Excel."""
    lines = page.response.get_data().decode("utf-8-sig").splitlines()
    return list(csv.DictReader(lines, delimiter=";"))


@pytest.fixture
def carol(world: World) -> Visitor:
    """Carol at work, in a company of alice, bob and Finance."""
    carol = world.after(carol_at_work)
    world.group("Finance")
    world.people("alice", "bob")
    return carol


def test_an_import_says_what_it_would_do_and_does_that(world: World, carol: Visitor) -> None:
    carol.open("/admin/people")
    carol.follow("Import people")
    page = sent(carol, mode="update", invite="y")
    assert page.title == "Check the import"
    assert "This column is not read: Shoe size." in page.text
    assert all(tab in page.text for tab in ("All 5", "New 1", "Changed 1", "Same 1", "Left out 2"))
    assert "Last day: 31 Mar 2027. Joins Finance." in page.text
    assert "Name: Robert, before Bob. Joins Finance." in page.text
    assert "Anna <b>Berg</b>" in page.text and page.html.find("b") is None
    assert "people.imported" not in world.events()
    assert "There is no group “Sales”" in carol.follow("Left out 2").text
    assert "Anna" not in carol.current.text
    page = carol.press("Import 1 person and change 1")
    assert page.title == "The import is saved"
    assert "1 person was added. 1 person was changed. 2 rows were wrong and were left out." in page.text
    assert world.details("people.imported")["created"] == 1
    assert world.mails("anna@firma.nl") == ["invitation"]
    carol.follow("See the people who were added")
    assert carol.follow("Anna <b>Berg</b>").title == "Anna <b>Berg</b>"
    carol.open("/admin/people")
    assert carol.follow("The last import").title == "The import is saved"


def test_the_file_comes_back_with_its_result(world: World, carol: Visitor) -> None:
    path = sent(carol, mode="update").path
    wrong = rows_of(carol.press("For Excel (semicolons)"))
    assert [row["Email"] for row in wrong] == ["zed@firma.nl", "no address"]
    carol.open(path)
    carol.press("Import 1 person and change 1")
    rows = rows_of(carol.press("For Excel (semicolons)"))
    assert [row["Result"] for row in rows] == ["New", "Changed", "Same", "Left out", "Left out"]
    assert rows[0]["Shoe size"] == "38"
    assert "Enter one like name@company.com" in rows[4]["What to do"]
    assert world.events().count("people.import_result_exported") == 2


def test_people_who_are_missing_are_disabled_only_if_somebody_ticks_it(world: World, carol: Visitor) -> None:
    world.people("erin", "frank")
    world.person("dave")
    file = "Email;Name\nalice@example.com;Alicia\n"
    page = sent(carol, file, mode="update", leavers="y")
    assert "Disable these 3 people" in page.text and "Not in the file 3" in page.text
    assert "2 people are not in the file and are left alone." in page.text
    assert "erin@example.com" in carol.follow("See who").text
    assert "An import ends no account of an administrator" in carol.follow("Left alone 2").text
    carol.press("Change 1 person")
    assert "person.disabled" not in world.events()
    assert "Erin" not in carol.open("/admin/people", query_string={"state": "disabled"}).text
    page = sent(carol, file, mode="update", leavers="y")
    carol.press("Disable these 3 people")
    assert "3 accounts were disabled." in carol.current.text
    assert world.events().count("person.disabled") == 3
    world.person("frieda")
    file = "Email;Enabled\nalice@example.com;yes\nfrieda@example.com;no\n"
    counts = "Anyone whom the file marks as disabled counts as not in the file."
    assert counts not in sent(carol, file, mode="update").text
    assert counts in sent(carol, file, mode="update", leavers="y").text
    carol.press("Disable this person")
    assert "1 account was disabled." in carol.current.text


def test_what_a_file_is_called_is_shown_as_text(world: World, carol: Visitor) -> None:
    """Attack 117: no name reaches the database or the page as it came."""
    carol.open(FORM)
    file = FileStorage(io.BytesIO(b"Email;Name\nanna@firma.nl;=1+1\n"), "a\0<b>c\u202e.csv")
    carol.open(posted(carol, FORM, file=file, mode="add").response.location)
    assert "a\\x00<b>c\\u202e.csv" in carol.current.text and carol.current.html.find("b") is None
    carol.press("Import 1 person")
    assert rows_of(carol.press("For Excel (semicolons)"))[0]["Name"] == "'=1+1"


def test_lines_can_be_pasted_as_a_spreadsheet_copies_them(world: World, carol: Visitor) -> None:
    carol.open(FORM)
    page = carol.press("Continue", lines="E-mail\tNaam\r\nanna@firma.nl\tAnna\r\n")
    assert "Pasted lines, from carol@example.com" in page.text
    carol.press("Import 1 person")
    assert world.count(User, User.email == "anna@firma.nl") == 1
    assert world.mails("anna@firma.nl") == []


def test_the_members_of_a_group_are_replaced(world: World, carol: Visitor) -> None:
    world.people("erin", groups_=("Finance",))
    page = sent(carol, "Email\nalice@example.com\n", mode="replace")
    assert "Choose the group whose members these people become." in page.text
    page = sent(carol, "Email\nalice@example.com\n", mode="replace", group="1")
    assert "1 person who is not in the file leaves the group." in page.text
    carol.press("Change 2 people")
    with world.data():
        members = world.group_row("Finance").id
    listed = carol.open("/admin/people", query_string={"group": members}).text
    assert "alice@example.com" in listed and "erin@example.com" not in listed


UNREADABLE = (
    ({}, "Choose a file, or paste lines below."),
    ({"lines": "Email\na@b.nl\n", "file": (io.BytesIO(b"Email\n"), "x.csv")}, "not both"),
    ({"lines": "Name\nAnna\n"}, "Its columns are: Name."),
    ({"file": (io.BytesIO(b"PK\x03\x04rest"), "people.xlsx")}, "This is a workbook, not CSV."),
    ({"lines": "Email\na@b.nl\n", "mode": "drop"}, "Choose an option from the list."),
)


def test_what_cannot_be_read_is_said_at_its_field(world: World, carol: Visitor) -> None:
    form = carol.open(FORM)
    for fields, sentence in UNREADABLE:
        carol.page = form
        page = carol.press("Continue", **fields)
        assert (page.status, sentence in page.text) == (400, True), sentence
    assert world.count(PeopleImport) == 0


def test_a_file_of_which_nothing_is_to_be_saved_has_no_button(world: World, carol: Visitor) -> None:
    page = sent(carol, "Email\nalice@example.com\n")
    assert "There is nothing to save." in page.text
    page = carol.press("Throw the file away")
    assert "The file has been thrown away. Nothing was changed." in page.text
    assert world.count(ImportRow) == 0


def test_what_changed_meanwhile_is_checked_again(world: World, carol: Visitor) -> None:
    page = sent(carol, mode="update")
    world.rename("bob", "Bobby")
    page = carol.press("Import 1 person and change 1")
    assert page.title == "Nothing was imported"
    assert "bob@example.com has changed since the file was checked" in page.text
    page = carol.press("Check the file again")
    assert "Name: Robert, before Bobby." in page.text
    carol.press("Import 1 person and change 1")
    assert world.details("people.imported")["changed"] == 1


def test_an_import_is_saved_once_and_alone(world: World, carol: Visitor) -> None:
    path = sent(carol, mode="update").path
    with world.data():
        db.session.execute(update(PeopleImport).values(state="saving"))
    page = carol.open(path)
    assert (page.title, page.response.headers["Cache-Control"]) == ("Saving the import", "no-store")
    assert carol.follow("Look again").title == "Saving the import"
    carol.submit(f"{path}/save")
    assert "This import can't be saved now" in carol.current.text
    sent(carol, "Email\nnew@firma.nl\n")
    carol.press("Import 1 person")
    assert "Another import is being saved." in carol.current.text
    assert world.count(User, User.email == "new@firma.nl") == 0


def test_a_page_shows_fifty_rows(world: World, carol: Visitor) -> None:
    lines = [f"p{number:03}@firma.nl" for number in range(120)]
    page = sent(carol, "Email\n" + "\n".join(lines))
    assert "p049@firma.nl" in page.text and "p050@firma.nl" not in page.text
    assert "p050@firma.nl" in carol.follow("Next").text
    assert "p119@firma.nl" in carol.follow("Next").text
    assert "p000@firma.nl" in carol.follow("First page").text
    for odd in ("x", "-7", "99999999999999999999"):
        assert "p000@firma.nl" in carol.open(page.path, query_string={"after": odd, "outcome": odd}).text


def test_somebody_elses_import_can_be_seen_and_not_saved(world: World, carol: Visitor) -> None:
    """Attack 117: the file was compared for the other one, who may do other things."""
    path = sent(carol, mode="update").path
    other = world.at_work("anton", role=Role.ADMIN)
    page = other.open(path)
    assert "Only carol@example.com can save this import" in page.text
    for act in ("save", "check", "drop"):
        other.open(path)
        assert other.submit(f"{path}/{act}").status == 403
    assert "people.imported" not in world.events()
    assert carol.open(path).title == "Check the import"
    assert other.open(f"/admin/imports/{'0' * 32}").status == 404


def test_staff_and_help_desk_get_none_of_it(world: World, carol: Visitor) -> None:
    """Attack 117: no page opens to them, and no file of theirs is read."""
    path = sent(carol, mode="update").path
    for visitor in (world.at_work("dave"), world.at_work("eve")):
        for page in (FORM, f"{FORM}/template.csv", path):
            assert visitor.open(page).status == 403
        for page in (f"{path}/save", f"{path}/check", f"{path}/drop", f"{path}/result.csv"):
            visitor.open("/account")
            assert visitor.submit(page).status == 403
        visitor.open("/account")
        data = visitor.current.with_token({"csrf_token": "", "file": (io.BytesIO(b"Email\n"), "people.csv")})
        assert visitor.open(FORM, method="POST", data=data).status == 403
    assert world.count(PeopleImport) == 1


def test_a_form_with_a_file_needs_the_token_of_the_page(world: World, carol: Visitor) -> None:
    """Attack 117: another site can't send one."""
    data = {"file": (io.BytesIO(FILE.encode()), "people.csv"), "mode": "add"}
    assert carol.open(FORM, method="POST", data=data).title == "Reload the page"
    assert world.count(PeopleImport) == 0


def test_after_a_while_the_code_comes_before_the_file(world: World, carol: Visitor) -> None:
    """A file is never kept with a form that waits for a code."""
    carol.open(FORM)
    world.clock.advance(minutes=21)
    page = carol.press("Continue", file=(io.BytesIO(FILE.encode()), "people.csv"))
    assert page.path == "/login/again"
    assert "Nothing has been saved. After this, enter it again." in page.text
    assert carol.press("Confirm", code=world.phones["carol"].code()).path == FORM
    assert world.count(PeopleImport) == 0


def test_files_have_their_limit_here_and_no_place_elsewhere(world: World, carol: Visitor) -> None:
    """Attack 117: 100 MB."""
    carol.open(FORM)
    page = posted(carol, FORM, file=FileStorage(io.BytesIO(b"x" * 22 * 1024 * 1024), "people.csv"))
    assert (page.status, page.title) == (413, "This file is too large")
    assert "A file may have at most 20 MB" in page.text
    assert posted(carol, FORM, lines="x" * 600_000).status == 413
    carol.open("/admin/groups/new")
    for size, status in ((10, 400), (100_000, 413)):
        file = FileStorage(io.BytesIO(b"x" * size), "people.csv")
        assert posted(carol, "/admin/groups/new", name="Sales", file=file).status == status
    assert "group.created" not in world.events()[-1:]


def test_a_file_without_a_length_is_not_read(world: World, carol: Visitor) -> None:
    """Attack 117: chunks without an end."""
    carol.open(FORM)
    page = carol.open(
        FORM, method="POST", environ_overrides={"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    )
    assert (page.status, page.title) == (411, "The file has no length")


@both_databases
def test_a_preview_says_who_must_set_up_what_for_a_group_and_by_when(world: World, carol: Visitor) -> None:
    """The same people are asked as when somebody adds them by hand."""
    world.group("Sales", required=True)
    world.group("Vault", required=True, passkey_only=True)
    world.group("Later", required=True, grace_days=14)
    world.linked("erin")
    world.people("frank", "grace")
    with world.data():
        world.user("frank").exempt_until = world.clock() + timedelta(days=20)
        world.user("grace").link_by = world.clock() + timedelta(days=30)
    names = ("alice", "bob", "erin", "frank", "grace")
    rows = [f"{name}@example.com,Sales|Later|Vault|Finance,\n" for name in names]
    new = ["new@firma.nl,Later|Sales,\n", "boss@firma.nl,Sales|Later,admin\n"]
    text = sent(carol, "Email,Groups,Role\n" + "".join([*rows, *new]), mode="update").text
    asks = "requires 2-factor authentication:"
    by = "link an app or add a passkey by 16 March 2026, 09:01 UTC."
    assert f"Later {asks} 3 people who join must {by}" in text
    assert f"Sales {asks} 3 people who join must link an app or add a passkey at the next login." in text
    assert f"Vault {asks} 3 people who join must add a passkey at the next login." in text
    assert f"Finance {asks}" not in text
    assert asks not in carol.press("Import 2 people and change 5").text
