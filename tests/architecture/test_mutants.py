"""stress/mutants.toml fits the code and the table in docs/security.md: `make mutants` does the rest."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from stress.mutants import LIST, Mutant, mutants
from tests.support.source import source_of

HOUSE = Path(__file__).parents[2]
TEXT = (HOUSE / "docs" / "security.md").read_text("utf-8")
SHOWN_BY = dict(re.findall(r"^\| (\d+\.\d+\.\d+)[^|]* \|[^|]*\|[^|]*\|(.*)\|$", TEXT, re.M))
THREATS = TEXT.partition("## What it does not protect against")[0]
ATTACKERS = set(re.findall(r"^\| [^|*]*\*\*([^*]+)\*\*", THREATS, re.M))
TEST = re.compile(r"`(tests/[\w/]+\.py::\w+)`")


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.what)
def test_a_mutant_is_one_edit_and_one_test_that_its_rows_name(mutant: Mutant) -> None:
    edited = mutant.edited((HOUSE / mutant.file).read_text("utf-8"))
    if mutant.file.endswith(".py"):
        ast.parse(edited)
    file, _, test = mutant.test.partition("::")
    assert test in source_of(HOUSE / file).functions
    assert mutant.rows
    unnamed = [row for row in mutant.rows if f"`{mutant.test}`" not in SHOWN_BY.get(row, "")]
    assert set(unnamed) <= ATTACKERS


def test_each_attacker_meets_a_protection_with_a_mutant() -> None:
    rows = {row for mutant in mutants() for row in mutant.rows}
    assert len(ATTACKERS) > 10
    assert {row for row in rows if not row[0].isdigit()} == ATTACKERS


def test_a_row_that_names_a_test_has_a_mutant_or_a_reason() -> None:
    killing = {row for mutant in mutants() for row in mutant.rows} - ATTACKERS
    reasons = tomllib.loads(LIST.read_text("utf-8"))["reasons"]
    assert killing | set(reasons) == {row for row, shown in SHOWN_BY.items() if TEST.search(shown)}
    assert not killing & set(reasons)
    assert all(reason.endswith(".") for reason in reasons.values())


def test_no_mutant_stands_twice() -> None:
    edits = [(mutant.file, mutant.old, mutant.new, mutant.test) for mutant in mutants()]
    assert len(set(edits)) == len(edits)
