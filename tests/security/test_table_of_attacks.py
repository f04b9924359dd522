"""The table of attacks leaves out no number, and each test that it names is there."""

import ast
import tomllib
from pathlib import Path

HOUSE = Path(__file__).parents[2]
ATTACKS = {
    int(number): attack
    for number, attack in tomllib.loads(Path(__file__).with_name("attacks.toml").read_text("utf-8")).items()
}
NEVER_GIVEN = {7, 15, 23, 28, 35, 39, 41, 62, 66, 71, 73, 75, 89, 94, 97, 98, 100}


def functions_of(path: Path) -> set[str]:
    return {
        node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)
    }


def test_whoever_reaches_into_the_application_has_it_in_the_same_process() -> None:
    """In the served site a patch would patch nothing, and the attack would fail without a reason."""
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                takes = {argument.arg for argument in node.args.args}
                marks = {ast.unparse(decorator) for decorator in node.decorator_list}
                assert not takes & {"monkeypatch", "caplog"} or "pytest.mark.inside" in marks, node.name


def test_every_number_has_a_test_or_a_reason() -> None:
    assert set(ATTACKS) == set(range(1, 112)) - NEVER_GIVEN | {112, 113, 114, 115, 116, 117, 118}
    assert list(ATTACKS) == sorted(ATTACKS)
    for number, attack in ATTACKS.items():
        assert attack["what"], number
        assert ("tests" in attack) != ("reason" in attack), number
        assert attack.get("tests") or attack["reason"].endswith("."), f"{number}: a reason is a sentence"


def test_every_test_that_the_table_names_is_there() -> None:
    named = {test for attack in ATTACKS.values() for test in attack.get("tests", ())}
    files = {test.partition("::")[0] for test in named}
    present = {f"{file}::{name}" for file in files for name in functions_of(HOUSE / file)}
    assert named <= present, named - present
