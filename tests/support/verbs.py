"""The public verbs of the core: its functions that take `actor=`."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from mfa_app.core.common import errors

CORE = Path(inspect.getfile(errors)).parents[1]


def public_verbs() -> Iterator[str]:
    """Yield room, module and name of each verb."""
    for path in sorted(CORE.rglob("*.py")):
        module = ".".join(path.relative_to(CORE).with_suffix("").parts)
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and is_verb(node):
                yield f"{module}.{node.name}"


def is_verb(node: ast.FunctionDef) -> bool:
    """Return True if a function is a verb that others may call."""
    return not node.name.startswith("_") and "actor" in {argument.arg for argument in node.args.kwonlyargs}
