"""`second-gate users import` and `second-gate users export`: people in files, from a terminal."""

from pathlib import Path

import pytest

from mfa_app.models import AuditEvent, Membership, Role, User
from tests.support.databases import both_databases
from tests.support.terminal import Typist, done, refused
from tests.support.world import World

PEOPLE = "Email;Name;Groups;Role\nanna@firma.nl;Anna Berg;Finance;\nbob@example.com;Robert;;staff\n"


def write(folder: Path, content: str | bytes) -> str:
    file = folder / "people.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


def test_a_preview_says_what_each_row_would_do_and_changes_nothing(
    world: World, typed: Typist, tmp_path: Path
) -> None:
    world.group("Finance")
    world.people("bob", "alice")
    before = world.events()
    rows = PEOPLE + "alice@example.com;Alice;;\nno address;X;;\nanna@FIRMA.nl;Anna;;\nzed@firma.nl;Z;Sales;\n"
    output = done(typed("users", "import", write(tmp_path, rows), "--preview"))
    assert output.splitlines()[0] == "New: 1, Changed: 1, Same: 1, Left out: 3"
    assert "Line 5, no address: This isn't an email address." in output
    assert "Line 6, anna@FIRMA.nl: Line 2 has the same email address." in output
    assert "Line 7, zed@firma.nl: There is no group “Sales”." in output
    assert world.events() == before


def test_an_import_adds_and_changes_people_and_is_on_the_trail(
    world: World, typed: Typist, tmp_path: Path
) -> None:
    world.group("Finance")
    world.person("bob")
    file = write(tmp_path, PEOPLE)
    assert done(typed("users", "import", file)) == "New: 1, Changed: 1\n"
    assert world.details("people.imported") == {
        "created": 1,
        "changed": 1,
        "disabled": 0,
        "left_out": 0,
        "invited": 0,
    }
    assert world.details("person.created") == {"role": "staff", "groups": ["Finance"]}
    assert world.count(User, User.name == "Robert") == 1
    assert done(typed("users", "import", file)) == "Same: 2\n"
    assert world.events().count("people.imported") == 1


def test_mode_add_leaves_people_with_an_account_as_they_are(
    world: World, typed: Typist, tmp_path: Path
) -> None:
    world.group("Finance")
    world.person("bob")
    done(typed("users", "import", write(tmp_path, PEOPLE), "--mode", "add"))
    assert world.count(User, User.name == "Robert") == 0
    assert world.count(User, User.email == "anna@firma.nl") == 1


def test_mode_replace_takes_out_of_the_group_who_is_not_in_the_file(
    world: World, typed: Typist, tmp_path: Path
) -> None:
    world.group("Finance")
    world.people("alice", groups_=("Finance",))
    world.person("bob")
    file = write(tmp_path, "E-mail\nbob@example.com\n")
    output = done(typed("users", "import", file, "--mode", "replace", "--group", "Finance"))
    assert "Leaves the group: alice@example.com" in output
    listed = done(typed("users", "list", "--group", "Finance"))
    assert "bob@example.com" in listed
    assert "alice@example.com" not in listed
    assert "belong together" in refused(typed("users", "import", file, "--mode", "replace"))


def test_leavers_are_disabled_but_never_administrators_or_the_help_desk(
    world: World, typed: Typist, tmp_path: Path
) -> None:
    world.people("alice", "bob", "carol", "dave")
    file = write(tmp_path, "Email\nbob@example.com\n")
    output = done(typed("users", "import", file, "--leavers"))
    assert "Disabled: alice@example.com" in output
    assert "Left alone: carol@example.com" in output
    assert "Left alone: dave@example.com" in output
    with world.data():
        gone = {name for name in ("alice", "bob", "carol", "dave") if world.user(name).disabled_at}
    assert gone == {"alice"}


def test_an_import_changes_nobodys_role(world: World, typed: Typist, tmp_path: Path) -> None:
    world.people("bob", "carol")
    file = write(tmp_path, "mail,role\nbob@example.com,admin\ncarol@example.com,staff\neve@firma.nl,boss\n")
    output = done(typed("users", "import", file))
    assert output.count("An import changes no roles") == 2
    assert "There is no role “boss”" in output
    with world.data():
        assert (world.user("bob").role, world.user("carol").role) == (Role.STAFF, Role.ADMIN)


def test_missing_groups_are_created_and_new_people_invited_on_request(
    world: World, typed: Typist, tmp_path: Path
) -> None:
    file = write(tmp_path, "Email\tGroups\nanna@firma.nl\tSales|HR\n")
    done(typed("users", "import", file, "--create-groups", "--invite"))
    assert world.details("person.created")["groups"] == ["Sales", "HR"]
    assert world.mails("anna@firma.nl") == ["invitation"]


def test_what_is_exported_is_the_same_when_it_is_imported(
    world: World, typed: Typist, tmp_path: Path
) -> None:
    for name in ("Sales, EMEA", "HR", "A|B", "A", "B"):
        world.group(name)
    world.people("alice", "carol", groups_=("Sales, EMEA", "HR"))
    world.people("bob", groups_=("A|B", "HR"))
    world.people("erin", groups_=("A", "B"))
    world.rename("alice", "=HYPERLINK(1)")
    exported = done(typed("users", "export"))
    assert '"\'=HYPERLINK(1)"' in exported
    assert done(typed("users", "import", write(tmp_path, exported))) == "Same: 4\n"
    assert world.count(AuditEvent, AuditEvent.event == "people.exported") == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04rest", "This is a workbook, not CSV."),
        (b"Naam;Afdeling\nAnna;HR\n", "Its columns are: Naam, Afdeling."),
        (b"Email\na@b.nl\n\0\n", "Line 3 is not text."),
        ("Email;Name\na@b.nl;Zoë\n".encode() + b"b@b.nl;Zo\xeb\n", "Line 3 has another encoding"),
        (b'Email\n"a@b.nl\n', "can't be read: a quotation mark"),
        (b"Email\n" + b"a" * 1001 + b"\n", "Line 2 has a cell of more than 1000 characters."),
        (b"Email" + b"," * 1_000_000, "has more than 50 columns."),
        (b"Email\n" + b"a" * 2_000_000 + b"\n", "Line 2 can't be read"),
        (b"Email\n" + b"a" * 21 * 1024 * 1024, "A file may have at most 20 MB."),
    ],
    ids=[
        "empty", "workbook", "no address", "NUL", "mixed",
        "open quote", "long cell", "columns", "line", "size",
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_whole(
    world: World, typed: Typist, tmp_path: Path, content: bytes, sentence: str
) -> None:
    """Attack 117: the file itself. Nothing of it is saved."""
    before = world.events()
    assert sentence in refused(typed("users", "import", write(tmp_path, content)))
    assert world.events() == before


@pytest.mark.parametrize("options", [("--leavers",), ("--mode", "replace", "--group", "Finance")])
@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("bob@example.com\nalice(at)example.com\n", "The email address in line 3 can't be read"),
        ("", "The file names nobody"),
    ],
)
def test_who_is_missing_is_not_guessed(
    world: World, typed: Typist, tmp_path: Path, options: tuple[str, ...], rows: str, sentence: str
) -> None:
    """Attack 117: a row that can't be read may be anyone's, so nobody is disabled or leaves for it."""
    world.group("Finance")
    world.people("alice", "bob", groups_=("Finance",))
    before = world.events()
    file = write(tmp_path, "Email\n" + rows)
    for preview in ((), ("--preview",)):
        assert sentence in refused(typed("users", "import", file, *options, *preview))
    assert world.events() == before


def test_a_day_too_far_away_means_no_last_day(world: World, typed: Typist, tmp_path: Path) -> None:
    file = write(tmp_path, "Email,Last day\nanna@firma.nl,9999-12-31\neve@firma.nl,2999-12-31\n")
    done(typed("users", "import", file))
    assert "Last day" not in done(typed("users", "show", "anna@firma.nl"))
    assert "2999-12-31" in done(typed("users", "show", "eve@firma.nl"))


def test_disabled_people_are_not_exported(world: World, typed: Typist) -> None:
    """An import elsewhere would let them in."""
    world.group("Finance")
    world.people("alice", "bob", groups_=("Finance",))
    done(typed("users", "disable", "bob@example.com"))
    for group in ((), ("--group", "Finance")):
        exported = done(typed("users", "export", *group))
        assert "alice@example.com" in exported
        assert "bob@example.com" not in exported
        assert world.details("people.exported")["rows"] == 1


def test_the_result_is_written_to_a_new_file_and_ignored_columns_are_named(
    world: World, typed: Typist, tmp_path: Path
) -> None:
    world.person("bob")
    file, result = (
        write(tmp_path, "Email,Shoe size\nbob@example.com,44\nnobody,43\n"),
        tmp_path / "result.csv",
    )
    output = done(typed("users", "import", file, "--result", str(result)))
    assert "Columns that mean nothing here: Shoe size." in output
    assert result.read_text("utf-8-sig").splitlines()[:2] == [
        '"Email","Shoe size","Result","What to do"',
        '"bob@example.com","44","Same",""',
    ]
    assert result.stat().st_mode & 0o077 == 0
    assert "exists already" in refused(typed("users", "import", file, "--result", str(result)))
    output = done(typed("users", "import", file, "--preview"))
    assert "Columns that mean nothing here: Shoe size." in output
    assert "leave it out" in refused(typed("users", "import", file, "--preview", "--result", "other.csv"))


@both_databases
def test_a_large_file_is_read_in_batches_and_saved_whole(world: World, typed: Typist, tmp_path: Path) -> None:
    """More rows than a batch has, so that a whole batch is within what each database takes at once."""
    world.group("Sales")
    rows = "".join(f"person{number:04}@firma.nl,Sales\n" for number in range(1100))
    refusal = refused(typed("users", "import", write(tmp_path, f"Email,Groups\n{rows}\0,\n")))
    assert "Line 1102 is not text." in refusal
    assert world.count(User) == 0
    assert done(typed("users", "import", write(tmp_path, f"Email,Groups\n{rows}"))) == "New: 1100\n"
    assert (world.count(User), world.count(Membership)) == (1100, 1100)
