"""How a file of people is read: as spreadsheets save it, and as a directory exports it."""

from datetime import date

import pytest

from mfa_app.core.imports import cells
from mfa_app.core.imports.people_file import PeopleFile, TypedRow
from tests.support.world import World

TEXT = "E-mail;Naam\r\nzoe@firma.nl;Zoë de Vries\r\n"


@pytest.mark.parametrize(
    "file",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("cp1252"),
        TEXT.encode("utf-16"),
        TEXT.replace(";", ",").encode(),
        TEXT.replace(";", "\t").encode(),
        b"sep=;\r\n" + TEXT.encode(),
        TEXT.replace("\r\n", "\n").encode(),
    ],
    ids=["UTF-8", "mark", "Windows-1252", "UTF-16", "comma", "tab", "sep=", "line feeds"],
)
def test_each_way_of_saving_is_read(file: bytes) -> None:
    (row,) = PeopleFile(file).rows()
    assert (row.email, row.name) == ("zoe@firma.nl", "Zoë de Vries")


@pytest.mark.parametrize(
    ("headings", "name"),
    [
        ("Email,Given name,Last name", "Anna Berg"),
        ("E-mailadres,Voornaam,Achternaam", "Anna Berg"),
        ("E-Mail-Adresse,Vorname,Name", "Anna Berg"),
        ("Adresse électronique,Prénom,Nom", "Anna Berg"),
    ],
)
def test_headings_are_found_in_four_languages(headings: str, name: str) -> None:
    (row,) = PeopleFile(f"{headings}\na@b.nl,Anna,Berg\n".encode()).rows()
    assert row == TypedRow(2, "a@b.nl", name)


def test_an_export_of_an_active_directory_is_read_as_it_comes() -> None:
    file = (
        "#TYPE Microsoft.ActiveDirectory.Management.ADUser\r\n"
        '"DistinguishedName","Enabled","GivenName","MemberOf","Name","mail","UserPrincipalName"\r\n'
        '"CN=Anna","True","Anna","CN=Sales\\, EMEA,OU=G,DC=b,DC=nl;CN=HR,CN=Users,DC=b,DC=nl","Anna Berg","",'
        '"a@b.nl"\r\n'
    )
    people = PeopleFile(file.encode())
    (row,) = people.rows()
    assert (row.email, row.name, row.enabled, row.line) == ("a@b.nl", "Anna Berg", "True", 3)
    assert cells.group_names(row.groups, ()) == ["Sales, EMEA", "HR"]
    assert people.headings.ignored == ("DistinguishedName",)


def test_a_line_break_within_quotes_is_part_of_the_cell() -> None:
    rows = list(PeopleFile(b'Email,Groups\na@b.nl,"HR\nSales"\n\nc@b.nl,\n').rows())
    assert [(row.email, row.groups, row.line) for row in rows] == [
        ("a@b.nl", "HR\nSales", 3),
        ("c@b.nl", "", 5),
    ]
    assert cells.group_names(rows[0].groups, ()) == ["HR", "Sales"]


@pytest.mark.parametrize(
    "names",
    [
        ["A|B"],
        ["A", "B"],
        ["A|B", "HR"],
        ["odd\\", "A"],
        ["|", "HR|"],
        ["\\|", "A"],
        ["FIRMA\\HR"],
    ],
)
def test_names_of_groups_come_back_as_they_were_written(names: list[str]) -> None:
    for known in ({"a|b", "a", "b", "hr", "odd\\", "|", "hr|", "\\|", "firma\\hr"}, set[str]()):
        assert cells.group_names(cells.group_cell(names), known) == names


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("A|B", ["A|B"]),
        ("A\\|B", ["A|B"]),
        ("FIRMA\\HR|Sales", ["FIRMA\\HR", "Sales"]),
        ("odd\\|Sales", ["odd\\", "Sales"]),
        ("new\\|one|Sales", ["new|one", "Sales"]),
    ],
)
def test_what_somebody_typed_counts_as_the_groups_that_there_are(cell: str, names: list[str]) -> None:
    assert cells.group_names(cell, {"a|b", "firma\\hr", "odd\\", "sales"}) == names


@pytest.mark.parametrize(
    "cell",
    ["2027-03-31", "31-3-2027", "31.03.2027", "31/3/2027", "3/31/2027 12:00:00 AM", "134510040000000000"],
)
def test_a_day_is_read_as_it_is_written(world: World, cell: str) -> None:
    with world.data():
        assert cells.day_of(cell) == date(2027, 3, 31)


@pytest.mark.parametrize(
    "cell",
    [
        "2027-04-01",
        "2027-04-01 00:00",
        "1-4-2027 00:00:00",
        "01.04.2027 00:00:00",
        "2027-04-01T00:00:00.0000000",
        "2027-03-31T22:00:00Z",
        "2027-04-01T00:00:00+02:00",
        "31-3-2027 17:00:00",
        "3/31/2027 5:00:00 PM",
        "134510040000000000",
    ],
)
def test_a_directory_says_when_an_account_is_closed_and_the_last_day_is_before(
    world: World, cell: str
) -> None:
    with world.data():
        assert cells.day_before(cell) == date(2027, 3, 31)
        assert cells.day_before("3/31/2027 12:00:00 AM") == date(2027, 3, 30)


@pytest.mark.parametrize("cell", ["", "0", "9223372036854775807", "never"])
def test_no_day_is_none(cell: str) -> None:
    assert cells.day_of(cell) is None
    assert cells.day_before(cell) is None
    assert cells.day_before("1601-01-01 01:00:00") is None


def test_the_end_of_a_directory_and_a_last_day_are_different_columns() -> None:
    """The heading says which of the two a day is."""
    (row,) = PeopleFile(b"mail,AccountExpirationDate,accountExpires\na@b.nl,,1\n").rows()
    assert (row.last_day, row.end) == ("", "1")
    (row,) = PeopleFile(b"mail,Laatste dag\na@b.nl,2027-03-31\n").rows()
    assert (row.last_day, row.end) == ("2027-03-31", "")


@pytest.mark.parametrize("cell", ["3/4/2027", "soon", "2027-02-30"])
def test_a_day_that_can_be_another_one_is_refused(cell: str) -> None:
    with pytest.raises(ValueError):
        cells.day_of(cell)
