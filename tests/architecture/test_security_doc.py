"""docs/security.md leaves out no requirement of ASVS 5.0.0, levels 1 and 2; each has a test or a reason."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.source import source_of

HOUSE = Path(__file__).parents[2]
TEXT = (HOUSE / "docs" / "security.md").read_text("utf-8")

# Each section of OWASP ASVS 5.0.0 with the levels of its requirements, in order.
STANDARD = """
1.1=22 1.2=1111122223 1.3=112222222223 1.4=222 1.5=123
2.1=122 2.2=112 2.3=12223 2.4=23
3.1=3 3.2=113 3.3=12223 3.4=11222233 3.5=11122333 3.6=3 3.7=22333
4.1=12233 4.2=23333 4.3=22 4.4=1222
5.1=2 5.2=112333 5.3=113 5.4=222
6.1=122 6.2=111111112222 6.3=11223333 6.4=112233 6.5=22222333 6.6=2223 6.7=33 6.8=2222
7.1=222 7.2=1111 7.3=22 7.4=11222 7.5=223 7.6=22
8.1=1233 8.2=1123 8.3=133 8.4=23
9.1=111 9.2=1222
10.1=22 10.2=223 10.3=22223 10.4=1111122222233333 10.5=22222 10.6=22 10.7=222
11.1=2233 11.2=22233 11.3=11233 11.4=1222 11.5=23 11.6=23 11.7=33
12.1=12233 12.2=11 12.3=22223
13.1=2333 13.2=222223 13.3=2233 13.4=1222233
14.1=22 14.2=12223333 14.3=122
15.1=12233 15.2=12233 15.3=1222222 15.4=3333
16.1=2 16.2=22222 16.3=2222 16.4=222 16.5=2223
17.1=23 17.2=22223333 17.3=22
"""
LEVELS = dict(section.split("=") for section in STANDARD.split())
WANTED = {
    f"{section}.{number}": level
    for section, levels in LEVELS.items()
    for number, level in enumerate(levels, 1)
    if level in "12"
}
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
REASON = re.compile(r"\*\*(?:Not here|By reading|Document|Setting|Deviation):?\*\*:? (.+)")


@dataclass(frozen=True)
class Row:
    """A row of the tables: the requirements that it is about, their levels, and what shows them."""

    ids: tuple[str, ...]
    levels: str
    shown: str


def rows() -> list[Row]:
    """Return the rows that begin with the number of a requirement, or of several in a row."""
    found = re.findall(r"^\| (\d+\.\d+)\.(\d+)(?: – \1\.(\d+))? \| ([^|]*) \| [^|]+ \|(.*)\|$", TEXT, re.M)
    return [
        Row(
            tuple(f"{section}.{number}" for number in range(int(first), int(last or first) + 1)),
            levels,
            shown.strip(),
        )
        for section, first, last, levels, shown in found
    ]


def test_the_list_has_as_many_requirements_as_the_standard() -> None:
    levels = "".join(LEVELS.values())
    assert [levels.count(level) for level in "123"] == [70, 183, 92]


def test_every_requirement_stands_in_one_row() -> None:
    told = [requirement for row in rows() for requirement in row.ids]
    assert sorted(told) == sorted(WANTED)
    assert len(re.findall(r"^\|\s*\d+\.\d+\.\d+", TEXT, re.M)) == len(rows())


def test_every_row_says_its_level() -> None:
    wrong = {
        row.ids[0]: row.levels
        for row in rows()
        if row.levels != ", ".join(sorted({WANTED[requirement] for requirement in row.ids}))
    }
    assert not wrong


def test_every_row_has_a_test_or_a_reason() -> None:
    reasons = {row.ids[0]: REASON.search(row.shown) for row in rows() if not TEST.search(row.shown)}
    assert not [number for number, reason in reasons.items() if reason is None or len(reason[1]) < 5]


def test_every_test_that_is_named_exists() -> None:
    named = sorted(set(TEST.findall(TEXT)))
    assert len(named) > 100
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (HOUSE / file).is_file() or name not in source_of(HOUSE / file).functions
    ]
    assert not missing, f"docs/security.md names tests that do not exist: {missing}"


def test_every_file_that_is_named_exists() -> None:
    named = re.findall(r"`((?:docs|mfa_app|tests)/[\w./-]+|[\w-]+(?:\.\w+)*\.(?:py|toml|txt))`", TEXT)
    linked = re.findall(r"\]\(([\w./-]+)(?:#[\w-]*)?\)", TEXT)
    paths = {HOUSE / name for name in named} | {HOUSE / "docs" / name for name in linked}
    assert len(paths) > 10
    assert not sorted(str(path) for path in paths if not path.exists())


def test_every_deviation_that_a_row_names_is_told() -> None:
    named = {number for row in rows() for number in re.findall(r"\bD(\d+)\b", row.shown)}
    told = re.findall(r"^\*\*D(\d+) ", TEXT, re.M)
    assert told == [str(number) for number in range(1, len(told) + 1)]
    assert named <= set(told)
