"""What stands in the source code of the house: each file is read once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A module: what it says of itself, what it imports by full name, and the names of its functions.

    `functions` stand on their own, `names` are those of all functions and methods.
    """

    docstring: str
    imports: tuple[str, ...]
    functions: frozenset[str]
    names: tuple[str, ...]


@cache
def source_of(path: Path) -> Source:
    """Return what stands in a file."""
    tree = ast.parse(path.read_text("utf-8"))
    every = list(_statements(tree))
    return Source(
        (ast.get_docstring(tree) or "").strip(),
        tuple(name for node in every for name in _imported(node)),
        frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef)),
        tuple(node.name for node in every if isinstance(node, ast.FunctionDef)),
    )


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield all statements in it, however deep: neither imports nor functions stand in expressions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _statements(child)


def _imported(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert not node.level, "imports are absolute in this house"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
