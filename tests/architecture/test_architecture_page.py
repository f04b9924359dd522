"""docs/architecture.md is a true map: what it names exists, and no room, door or folder is left out."""

import re
from pathlib import Path

import pytest

from tests.support.source import source_of

HOUSE = Path(__file__).parents[2]
PACKAGE = HOUSE / "mfa_app"
PAGE = HOUSE / "docs" / "architecture.md"
PAGES = (PAGE, HOUSE / "CONTRIBUTING.md", HOUSE / "README.md")

QUOTED = re.compile(r"`([^`\n]+)`")
FUNCTION = re.compile(r"([a-z_/]+)\.([a-z_]+)\(\)")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
# The folders whose folders are rooms, doors or parts of their own: each has its line on the page.
DIVIDED = ("", "core", "admin", "web", "cli")


def named(page: Path) -> set[str]:
    """Return what stands in backquotes on a page, outside blocks of code."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return set(QUOTED.findall(text))


def is_path(quoted: str) -> bool:
    """Return True if the words in backquotes are a path of the project rather than code or an address."""
    looks = re.fullmatch(r"[\w.-][\w./-]*", quoted) is not None
    return looks and ("/" in quoted or Path(quoted).suffix in (".py", ".md", ".html", ".toml", ".txt"))


def exists(path: str) -> bool:
    """Return True if there is such a file or folder; a part in capitals stands for any name."""
    if (HOUSE / path).exists():
        return True
    pattern = re.sub(r"\b[A-Z]+\b", "*", path).rstrip("/")
    return any(next(top.glob(pattern), None) for top in (HOUSE, PACKAGE))


def functions(module: str) -> frozenset[str]:
    """Return the names of the functions of a module such as core/policy/decision."""
    return source_of(PACKAGE / f"{module}.py").functions


@pytest.mark.parametrize("page", PAGES[:2], ids=lambda page: page.name)
def test_every_file_and_folder_that_is_named_exists(page: Path) -> None:
    paths = {quoted for quoted in named(page) if is_path(quoted)}
    assert paths
    assert not (missing := sorted(path for path in paths if not exists(path))), f"{page.name}: {missing}"


def test_every_function_that_is_named_exists() -> None:
    found = [match.groups() for quoted in named(PAGE) if (match := FUNCTION.fullmatch(quoted))]
    assert len(found) > 10
    assert not [f"{module}.{name}" for module, name in found if name not in functions(module)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text("utf-8")) if "://" not in target]
    assert targets
    assert not [target for target in targets if not (page.parent / target).exists()]


@pytest.mark.parametrize("folder", DIVIDED)
def test_every_room_door_and_folder_has_its_line(folder: str) -> None:
    inside = {path.relative_to(PACKAGE) for path in (PACKAGE / folder).iterdir() if any(path.glob("*.*"))}
    there = {f"{path}/" for path in inside if path.name != "__pycache__"}
    assert there
    assert not sorted(there - named(PAGE))


def test_the_tests_have_their_lines_too() -> None:
    inside = {f"tests/{path.parent.name}/" for path in (HOUSE / "tests").glob("*/__init__.py")}
    assert inside <= named(PAGE)


def test_the_other_pages_lead_to_this_one() -> None:
    for page in PAGES[1:]:
        assert PAGE.relative_to(HOUSE).as_posix() in LINK.findall(page.read_text("utf-8"))
