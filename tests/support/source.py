"""What stands in the source code of the house."""

import ast
from collections.abc import Iterator


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield what a module imports, by its full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute in this house"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
