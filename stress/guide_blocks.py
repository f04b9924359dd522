"""The blocks of commands in the README and the operating guide, and what stands in the line above each.

A block that `make guide` runs begins with ```sh guide, any other with ```sh no-guide: and the reason.
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from mfa_app.settings import PROJECT_ROOT

DOCUMENTS = ("README.md", "docs/operating.md")
BLOCK = re.compile(r"^(?P<indent> *)```sh(?P<mark>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S)
NOT_RUN = " no-guide: "


@dataclass(frozen=True)
class Block:
    """Commands, where they stand, and why they are not run; "" if they are."""

    document: str
    line: int
    text: str
    not_run: str = ""

    @property
    def name(self) -> str:
        """Return where the block stands, as editors open it."""
        return f"{self.document}:{self.line}"


def blocks() -> Iterator[Block]:
    """Yield all blocks in the order of the documents. Raises ValueError if one has no mark."""
    for document in DOCUMENTS:
        text = (PROJECT_ROOT / document).read_text("utf-8")
        for found in BLOCK.finditer(text):
            line, mark = text.count("\n", 0, found.start()) + 1, found["mark"]
            if mark != " guide" and not (mark.startswith(NOT_RUN) and mark.removeprefix(NOT_RUN).strip()):
                raise ValueError(f"{document}:{line} must say ```sh guide, or ```sh no-guide: and the reason")
            reason = "" if mark == " guide" else mark.removeprefix(NOT_RUN).strip()
            yield Block(document, line, textwrap.dedent(found["text"]), reason)
