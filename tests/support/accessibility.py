"""Looks at a page as axe does, on a wide screen and on a phone, in light and dark; the page loads once.

In the dark only colours differ, so there only their contrast is looked at again. Contrast takes axe most of
its time, so it is looked at only where a text is painted in a way in which none has passed before. On both
screens nothing may stick out, and no word may be broken.
"""

from pathlib import Path
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from tests.support.chromium import Window

# The site's server has it, since what comes from there Chromium keeps compiled from one page to the next.
SCRIPT_PATH = "/inspection-of-the-tests.js"
SCRIPT = f"{AXE_SCRIPT}\n{Path(__file__).with_name('inspection.js').read_text('utf-8')}"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
SITUATIONS = "[...new Set(situations().values())]"
INSPECT = "([tags, contrast]) => inspect(tags, contrast)"
# How many pixels of the page stick out of the screen.
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDTHS = {"wide": 1280, "phone": 390}
SCHEMES: dict[Literal["light", "dark"], list[str] | None] = {"light": TAGS, "dark": None}

_passed: set[str] = set()  # situations of texts, whose contrast axe has found to be enough


class Inspector:
    """Goes from page to page in one window and remembers what is wrong.

    The server behind the window has to answer at SCRIPT_PATH with SCRIPT.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self.found: list[str] = []

    def walk(self, pages: dict[str, str]) -> None:
        """Open each address and look at the page, whose title must be the one given."""
        for path, title in pages.items():
            self.window.open(path)
            self.look(title)

    def look(self, title: str) -> None:
        """Look at the page that is open, in four ways."""
        page = self.window.page
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        page.add_script_tag(url=SCRIPT_PATH)
        for size, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 844})
            if (too_wide := page.evaluate(SIDEWAYS)) > 0:
                self.found.append(f"{title}, {size}: {too_wide} pixels stick out")
            self.found += [f"{title}, {size}: {word!r} is broken" for word in page.evaluate("brokenWords()")]
            for scheme, tags in SCHEMES.items():
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                self.found += [f"{title}, {size}, {scheme}: {line}" for line in self._look_by(tags)]

    def _look_by(self, tags: list[str] | None) -> list[str]:
        """Look at the page as it is now; without tags at its contrast alone."""
        there = set(self.window.page.evaluate(SITUATIONS))
        new = there - _passed
        if not tags and not new:
            return []
        report = self.window.page.evaluate(INSPECT, [tags, bool(new)])
        found: list[str] = report["found"]
        if not any(line.startswith("color-contrast ") for line in found):
            _passed.update(new - set(report["unsure"]))
        return found
