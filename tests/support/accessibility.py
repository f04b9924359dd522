"""Looks at a page as axe does, on a wide screen and on a phone, in light and dark; the page loads once.

In the dark only colours differ, so there only their contrast is looked at again; and on the second screen
only what depends on its width, unless it shows something else. Contrast takes axe most of its time, so it is
looked at only where a text is painted in a way in which none has passed before. On both screens nothing may
stick out, and no word may be broken.
"""

from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ViewportSize

from tests.support.chromium import Window

Scheme = Literal["light", "dark"]
# The site's server has it, since what comes from there Chromium keeps compiled from one page to the next.
SCRIPT_PATH = "/inspection-of-the-tests.js"
SCRIPT = f"{AXE_SCRIPT}\n{Path(__file__).with_name('inspection.js').read_text('utf-8')}"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
INSPECT = "([tags, unknown]) => inspect(tags, unknown)"
WIDTHS = {"wide": 1280, "phone": 390}
WAYS: list[tuple[str, Scheme]] = [("wide", "light"), ("wide", "dark"), ("phone", "dark"), ("phone", "light")]

_passed: set[int] = set()  # situations of texts, whose contrast axe has found to be enough


class Inspector:
    """Goes from page to page in one window and remembers what is wrong.

    The server behind the window has to answer at SCRIPT_PATH with SCRIPT.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self.found: list[str] = []
        self._scheme: Scheme | None = None
        self._ways = WAYS
        self._turn_to(*WAYS[0])

    def walk(self, pages: dict[str, str]) -> None:
        """Open each address and look at the page, whose title must be the one given."""
        for path, title in pages.items():
            self.window.open(path)
            self._look(title)

    def look(self, title: str) -> None:
        """Wait until the page with this title is there, and look at it."""
        self.window.sees(title)
        self._look(title)

    def _look(self, title: str) -> None:
        """Look at the page that is open in four ways: first in that in which the last page was left."""
        page = self.window.page
        page.add_script_tag(url=SCRIPT_PATH)
        for size, scheme in self._ways:
            self._turn_to(size, scheme)
            seen = page.evaluate("survey()")
            assert seen["heading"] == title, f"{page.url}: {seen['heading']}"
            if scheme == "light":
                self.found += [f"{title}, {size}: {line}" for line in _sticking_out_or_broken(seen)]
            found = self._look_by(TAGS if scheme == "light" else None, set(seen["situations"]) - _passed)
            self.found += [f"{title}, {size}, {scheme}: {line}" for line in found]
        self._ways = self._ways[::-1]

    def _turn_to(self, size: str, scheme: Scheme) -> None:
        """Show the page in this way, unless it is shown so already."""
        page, wanted = self.window.page, ViewportSize(width=WIDTHS[size], height=844)
        if page.viewport_size != wanted:
            page.set_viewport_size(wanted)
        if self._scheme != scheme:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self._scheme = scheme

    def _look_by(self, tags: list[str] | None, unknown: set[int]) -> list[str]:
        """Look at the page by the rules with these tags, if any, and at the contrast in these situations."""
        if not tags and not unknown:
            return []
        report = self.window.page.evaluate(INSPECT, [tags, list(unknown)])
        found: list[str] = report["found"]
        if not any(line.startswith("color-contrast ") for line in found):
            _passed.update(unknown - set(report["unsure"]))
        return found


def _sticking_out_or_broken(seen: dict[str, Any]) -> list[str]:
    """Say what does not fit the screen."""
    out = [f"{seen['sideways']} pixels stick out"] if seen["sideways"] > 0 else []
    return out + [f"{word!r} is broken" for word in seen["broken"]]
