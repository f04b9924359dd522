"""The tests themselves: helpers are in tests/support, and a name can be read in one go."""

import ast
from pathlib import Path

from tests.support.source import imports

TESTS = Path(__file__).parents[1]
LONGEST_NAME = 80


def trees() -> list[tuple[str, ast.Module]]:
    """Return each file of tests with what stands in it."""
    return [
        (str(path.relative_to(TESTS)), ast.parse(path.read_text("utf-8"))) for path in TESTS.rglob("*.py")
    ]


def test_what_two_tests_need_is_in_support() -> None:
    wrong = [
        f"{file} imports {imported}"
        for file, tree in trees()
        for imported in imports(tree)
        if imported.startswith("tests.") and not imported.startswith("tests.support.")
    ]
    assert not wrong, "Move what another test needs into tests/support:\n" + "\n".join(wrong)


def test_no_name_of_a_test_is_longer_than_a_line() -> None:
    names = [
        node.name for _file, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
    ]
    assert not [name for name in names if len(name) > LONGEST_NAME]
