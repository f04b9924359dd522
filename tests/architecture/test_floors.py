"""The plan of the house as one table: floors, rooms, and the directions in which imports may go."""

from collections.abc import Iterator
from pathlib import Path

from tests.support.source import source_of

PACKAGE = Path(__file__).parents[2] / "mfa_app"

DOORS = ("auth", "enrolment", "account", "admin", "monitoring")
# From the ground up: a module imports from lower floors, or from its own part of its own floor.
FLOORS = (
    ("settings", "extensions", "site"),
    ("models",),
    ("core",),
    ("wording",),
    ("web",),
    (*DOORS, "cli"),
    ("application",),
    ("__init__", "__main__", "master", "server"),
)
# The rooms of core: a room imports only from rooms that stand above it in this list.
ROOMS = (
    "common",
    "keys",
    "audit",
    "mail",
    "throttling",
    "browsers",
    "policy",
    "groups",
    "sessions",
    "passwords",
    "factors",
    "login",
    "users",
    "rollout",
    "imports",
    "operations",
    "helpdesk",
)
FLOOR_OF = {part: number for number, parts in enumerate(FLOORS) for part in parts}
NOT_FOR_CORE = ("flask", "wtforms", "werkzeug", "jinja2", "babel", "click")
ASKING_THE_TIME = ("datetime.now(", "datetime.utcnow(", "datetime.today(", "date.today(", "time.time(")


def sources() -> Iterator[Path]:
    """Yield the files of the package, except the migrations."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path


def all_imports() -> Iterator[tuple[str, str]]:
    """Yield each import of the package: the file, relative to it, and what is imported."""
    for path in sources():
        for imported in source_of(path).imports:
            yield str(path.relative_to(PACKAGE)), imported


def part_of(file: str) -> str:
    """Return the part of the house that a file belongs to: the name of its floor's entry."""
    return file.partition("/")[0].removesuffix(".py")


def part_imported(imported: str) -> str | None:
    """Return the part of the house that an import names, or None for another package."""
    first, _, rest = imported.partition(".")
    return (rest.partition(".")[0] or "__init__") if first == "mfa_app" else None


def room_of(dotted: str) -> str | None:
    """Return the room of core that a path or an import names; None outside core."""
    parts = dotted.removeprefix("mfa_app.").replace("/", ".").split(".")
    return parts[1] if parts[0] == "core" and len(parts) > 1 and parts[1] in ROOMS else None


def test_every_part_of_the_package_stands_on_a_floor() -> None:
    parts = {part_of(str(path.relative_to(PACKAGE))) for path in sources()}
    assert parts <= FLOOR_OF.keys(), f"Give each a floor in FLOORS: {sorted(parts - FLOOR_OF.keys())}"


def test_every_folder_of_core_is_a_room() -> None:
    rooms = {path.parent.name for path in (PACKAGE / "core").glob("*/*.py")}
    assert rooms == set(ROOMS)
    flat = {path.name for path in (PACKAGE / "core").glob("*.py")} - {"__init__.py"}
    assert not flat, f"Put these into a room: {sorted(flat)}"


def test_a_module_imports_from_lower_floors_or_its_own_part() -> None:
    wrong = [
        f"{file} imports {imported}"
        for file, imported in all_imports()
        if (target := part_imported(imported)) in FLOOR_OF
        and target != part_of(file)
        and FLOOR_OF[target] >= FLOOR_OF[part_of(file)]
    ]
    assert not wrong, "What two parts need belongs on a lower floor:\n" + "\n".join(wrong)


def test_a_room_imports_from_rooms_above_it() -> None:
    wrong = [
        f"{file} imports {imported}"
        for file, imported in all_imports()
        if (room := room_of(file))
        and (target := room_of(imported))
        and ROOMS.index(target) > ROOMS.index(room)
    ]
    assert not wrong, "Move what both need to a room above:\n" + "\n".join(wrong)


def test_core_knows_no_requests_forms_or_sentences() -> None:
    wrong = [
        f"{file} imports {imported}"
        for file, imported in all_imports()
        if part_of(file) == "core" and imported.startswith(NOT_FOR_CORE)
    ]
    assert not wrong, "Core gets facts as arguments and raises types:\n" + "\n".join(wrong)


def test_wording_knows_only_the_translations_of_the_web() -> None:
    wrong = [
        f"{file} imports {imported}"
        for file, imported in all_imports()
        if part_of(file) == "wording" and imported.startswith(NOT_FOR_CORE) and "babel" not in imported
    ]
    assert not wrong, "Sentences need no request:\n" + "\n".join(wrong)


def test_only_the_clock_asks_the_machine_for_the_time() -> None:
    wrong = [
        str(path.relative_to(PACKAGE))
        for path in sources()
        if path.name != "clock.py" and any(call in path.read_text("utf-8") for call in ASKING_THE_TIME)
    ]
    assert not wrong, f"Take the time as an argument, or from clock.now(): {wrong}"


def test_every_module_opens_with_a_sentence() -> None:
    silent = [str(path.relative_to(PACKAGE)) for path in sources() if not source_of(path).docstring]
    assert not silent, f"Say in one sentence what the module alone decides: {silent}"
