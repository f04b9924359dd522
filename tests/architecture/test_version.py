"""The version is one number, wherever it is read."""

import re
import tomllib
from pathlib import Path

from mfa_app import __version__
from tests.support.browser import Visitor
from tests.support.terminal import done
from tests.support.world import World

HOUSE = Path(__file__).parents[2]


def test_the_project_and_the_newest_release_have_the_version_of_the_package() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text("utf-8"))["project"]
    changes = (HOUSE / "CHANGELOG.md").read_text("utf-8")
    headings = re.findall(r"^## (.+)$", changes, re.MULTILINE)
    assert project["version"] == __version__
    assert headings[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(__version__)} \(\d+ \w+ \d{{4}}\)", headings[1])


def test_the_command_prints_it(world: World) -> None:
    result = world.app.test_cli_runner().invoke(args=["version"])
    assert done(result) == f"Second Gate {__version__}\n"


def test_those_who_administer_read_it_below_their_pages_and_nobody_else_does(world: World) -> None:
    for name in ("carol", "bob"):
        world.linked_earlier(name)
    assert below(world.log_in_and_wait("carol"), "/admin") == f"Second Gate {__version__}"
    assert below(world.log_in_and_wait("bob"), "/admin") == below(world.log_in_and_wait("carol"), "/") == ""
    assert below(world.visitor(), "/login") == ""


def below(visitor: Visitor, path: str) -> str:
    """Return the line with the version in the footer of this page."""
    return " ".join(line.get_text() for line in visitor.open(path).html.select("footer .foot-version"))
