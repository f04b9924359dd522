"""The house has floors, and imports go one way: from a floor to lower ones, never between blueprints."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "mfa_app"
BLUEPRINTS = frozenset({"auth", "enrolment", "account", "admin", "gateway", "health"})
FLOORS = {"config": 0, "extensions": 0, "models": 1, "core": 2, "web": 3, **dict.fromkeys(BLUEPRINTS, 4)}
ROOF = 5  # create_app and the command line may know everything
OF_THE_WEB = ("flask", "wtforms", "werkzeug", "jinja2", "babel")


def modules() -> Iterator[tuple[str, str, str]]:
    """Return for every import in the house the file, its part of the house, and what it imports."""
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] == "migrations":
            continue
        for imported in imports(ast.parse(path.read_text("utf-8"))):
            yield str(inside), inside.parts[0].removesuffix(".py"), imported


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute in this house"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(imported: str) -> str | None:
    """Return the part of the house that a module is in, or None if it is not of this house."""
    first, _, rest = imported.partition(".")
    return rest.partition(".")[0] if first == "mfa_app" else None


def test_a_module_imports_from_lower_floors_or_its_own() -> None:
    wrong = [
        f"{file} imports {imported}"
        for file, part, imported in modules()
        if (target := part_of(imported)) is not None and FLOORS.get(target, ROOF) > FLOORS.get(part, ROOF)
    ]
    assert not wrong, "What two floors need belongs on the lower one:\n" + "\n".join(wrong)


def test_a_blueprint_never_imports_another() -> None:
    wrong = [
        f"{file} imports {imported}"
        for file, part, imported in modules()
        if part in BLUEPRINTS and part_of(imported) in BLUEPRINTS - {part}
    ]
    assert not wrong, "What two blueprints share belongs in web/ or core/:\n" + "\n".join(wrong)


def test_the_core_knows_nothing_of_requests_forms_or_sentences() -> None:
    wrong = [
        f"{file} imports {imported}"
        for file, part, imported in modules()
        if part == "core" and imported.startswith(OF_THE_WEB)
    ]
    assert not wrong, "The core gets facts as arguments and raises types:\n" + "\n".join(wrong)


def test_only_the_clock_asks_the_machine_for_the_time() -> None:
    asking = ("datetime.now(", "datetime.utcnow(", "datetime.today(", "date.today(", "time.time(")
    wrong = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.name != "clock.py" and any(call in path.read_text("utf-8") for call in asking)
    ]
    assert not wrong, f"Take the time as an argument, or from core/clock.now(): {wrong}"


def test_every_module_opens_with_a_sentence() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if "versions" not in path.parts]
    silent = [
        str(path.relative_to(PACKAGE))
        for path in files
        if not (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").strip()
    ]
    assert not silent, f"Say in one sentence what the module alone decides: {silent}"
