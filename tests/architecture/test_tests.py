"""The tests themselves: helpers are in tests/support, and a name can be read in one go."""

from pathlib import Path

from tests.support.source import Source, source_of

TESTS = Path(__file__).parents[1]
LONGEST_NAME = 80


def sources() -> list[tuple[str, Source]]:
    """Return each file of tests with what stands in it."""
    return [(str(path.relative_to(TESTS)), source_of(path)) for path in TESTS.rglob("*.py")]


def test_what_two_tests_need_is_in_support() -> None:
    wrong = [
        f"{file} imports {imported}"
        for file, source in sources()
        for imported in source.imports
        if imported.startswith("tests.") and not imported.startswith("tests.support.")
    ]
    assert not wrong, "Move what another test needs into tests/support:\n" + "\n".join(wrong)


def test_no_name_of_a_test_is_longer_than_a_line() -> None:
    names = [name for _file, source in sources() for name in source.names]
    assert len(names) > len(sources())
    assert not [name for name in names if len(name) > LONGEST_NAME]
