"""The templates of the site, compiled once for all applications of a process."""

from dataclasses import dataclass
from types import CodeType
from typing import Any

Key = tuple[str, str]


@dataclass
class Bucket:
    """Where Jinja looks for the code of one template, and leaves it."""

    key: Key
    code: CodeType | None


class CompiledTemplates:
    """What Jinja calls a bytecode cache: the code of each template, by its name and its text."""

    def __init__(self) -> None:
        self._codes: dict[Key, CodeType | None] = {}

    def get_bucket(self, _environment: Any, name: str, _filename: str, source: str) -> Bucket:
        """Return the code of a template, if it has been compiled."""
        return Bucket((name, source), self._codes.get((name, source)))

    def set_bucket(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        self._codes[bucket.key] = bucket.code
