"""The functions that write the addresses of routes, compiled once in a process and not for each application.

Werkzeug compiles two for each route, which takes two thirds of the time in which an application is made. What
a function does follows from the text of its route: all else it asks the route for which it is called.
"""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]

_compile = Rule._compile_builder
_compiled: dict[tuple[Any, ...], Builder] = {}


def compile_builders_once() -> None:
    """Let routes with the same text share their functions in this process, and in those forked from it."""
    Rule._compile_builder = _compiled_once  # type: ignore[assignment, method-assign]


def _compiled_once(rule: Rule, append_unknown: bool = True) -> Builder:
    if rule.defaults:  # they would be part of the function
        return _compile(rule, append_unknown)
    key = rule.rule, tuple(rule._trace), append_unknown
    if key not in _compiled:
        _compiled[key] = _compile(rule, append_unknown)
    return _compiled[key]
