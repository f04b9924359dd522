"""Looks at a page as axe does, on a wide screen and on a phone, in light and dark; the page loads once.

In the dark only colours differ, so there only their contrast is looked at again.
"""

from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from tests.support.chromium import Window

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
# Nothing is preloaded: only rules about sound, and about turning the screen, need that.
RUN = """async rules => {
  const {violations} = await axe.run({runOnly: rules, resultTypes: ["violations"], preload: false});
  return violations.flatMap(
    ({id, help, nodes}) => nodes.map(node => `${id} (${help}): ${node.html.slice(0, 200)}`));
}"""
# How many pixels of the page stick out of the screen.
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDTHS = {"wide": 1280, "phone": 390}
SCHEMES: dict[Literal["light", "dark"], object] = {
    "light": TAGS,
    "dark": {"type": "rule", "values": ["color-contrast"]},
}


class Inspector:
    """Goes from page to page in one window and remembers what is wrong."""

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
        page.evaluate(AXE_SCRIPT)
        for size, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 844})
            if (too_wide := page.evaluate(SIDEWAYS)) > 0:
                self.found.append(f"{title}, {size}: {too_wide} pixels stick out")
            for scheme, rules in SCHEMES.items():
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                self.found += [f"{title}, {size}, {scheme}: {line}" for line in page.evaluate(RUN, rules)]
