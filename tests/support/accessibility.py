"""Looks at a page as axe does, on a wide screen and on a phone, in light and dark; the page is written once.

Pages are written into one that stands open on the site, since axe would start anew with each that is opened.
They come with the style sheets, the script and the rules of the site.

In the dark only colours differ, so there only their contrast is looked at again; and on the second screen
only what depends on its width, unless it shows something else. Contrast takes axe most of its time, so it is
looked at only where a text is painted in a way in which none has passed before. On both screens nothing may
stick out, no word may be broken, and texts keep away from buttons.
"""

from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ViewportSize

from tests.support.chromium import Window

Scheme = Literal["light", "dark"]
# The site's server has it: pages run no other script.
SCRIPT_PATH = "/inspection-of-the-tests.js"
SCRIPT = f"{AXE_SCRIPT}\n{Path(__file__).with_name('inspection.js').read_text('utf-8')}"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
STANDS = "typeof inspect === 'function'"
WRITE, INSPECT = "html => write(html)", "tags => inspect(tags)"
WIDTHS = {"wide": 1280, "phone": 390}
WAYS: list[tuple[str, Scheme]] = [("wide", "light"), ("wide", "dark"), ("phone", "dark"), ("phone", "light")]


class Inspector:
    """Looks at one page after another in one window, and remembers what is wrong.

    The server behind the window has to answer at SCRIPT_PATH with SCRIPT, and to have a login page.
    """

    def __init__(self, window: Window) -> None:
        self.window = window
        self.found: list[str] = []
        self._scheme: Scheme | None = None
        self._ways = WAYS
        if not (window.page.url.startswith(window.site) and window.page.evaluate(STANDS)):
            window.open("/login")
            window.page.add_script_tag(url=SCRIPT_PATH)
        self._turn_to(*WAYS[0])

    def look(self, title: str, html: str, *, after_click_on: str | None = None) -> None:
        """Look at a page, which must have this heading, in four ways.

        The first is that in which the last page was left.
        """
        self.window.page.evaluate(WRITE, html)
        if after_click_on:
            self.window.page.get_by_text(after_click_on, exact=True).click()
        for size, scheme in self._ways:
            self._turn_to(size, scheme)
            seen = self.window.page.evaluate(INSPECT, TAGS if scheme == "light" else None)
            assert seen["heading"] == title, f"{title}: {seen['heading']}"
            if scheme == "light":
                self.found += [f"{title}, {size}: {line}" for line in _out_of_place(seen)]
            self.found += [f"{title}, {size}, {scheme}: {line}" for line in seen["found"]]
        self._ways = self._ways[::-1]

    def _turn_to(self, size: str, scheme: Scheme) -> None:
        """Show the page in this way, unless it is shown so already."""
        page, wanted = self.window.page, ViewportSize(width=WIDTHS[size], height=844)
        if page.viewport_size != wanted:
            page.set_viewport_size(wanted)
        if self._scheme != scheme:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self._scheme = scheme


def _out_of_place(seen: dict[str, Any]) -> list[str]:
    """Say what does not fit the screen, and which texts have too little room."""
    out = [f"{seen['sideways']} pixels stick out"] if seen["sideways"] > 0 else []
    out += [f"a text comes too close to a button: {line}" for line in seen["crowded"]]
    return out + [f"{word!r} is broken" for word in seen["broken"]]
