"""A real Chromium, the site served to it, and windows with people in front of them."""

from __future__ import annotations

import contextlib
import datetime
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)
from werkzeug.serving import make_server

from tests.support.browser import Visitor
from tests.support.phone import Phone
from tests.support.world import PASSWORD

# The headless shell is the same Chromium without windows, tabs and their processes, so it starts faster.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
COMPUTER = ViewportSize(width=1280, height=720)
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
PATIENCE_MS = 20_000
# Pages live for a moment here, and the window in which axe works for a minute: the first optimising of
# scripts saves more than it costs, the second does not. No process of its own paints.
CHEAPER = ("--js-flags=--no-opt", "--in-process-gpu")
QR_CODES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
# What has the focus, as a person would name it, and whether an outline shows that.
FOCUS = """() => {
  const element = document.activeElement;
  const words = element.labels?.length ? element.labels[0].textContent : element.textContent;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return [words.trim().replace(/\\s+/g, " "), outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
}"""
SENDS_ITSELF = "It's sent as soon as it has 6 digits."
# Whether a page has kept nothing, and has the clock with which it came.
UNCHANGED = "localStorage.length + sessionStorage.length === 0 && /native/.test(Date)"
# What Chromium says without complaining: a page came with an error status (the tests look at the page
# instead), or the test had its hands on a field before the page had put the cursor there.
HARMLESS = re.compile(
    "Failed to load resource: the server responded with a status of [45]|Autofocus processing was blocked"
)


@contextlib.contextmanager
def running_chromium() -> Iterator[Browser]:
    """Start the system's Chromium; without one the test is skipped, or fails where CI is set."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None or not _driver_runs():
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("There is no Chromium here, or no libatomic: bin/ensure-test-programs says how to get them.")
    options = [*CHEAPER, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


def _driver_runs() -> bool:
    """Say whether Playwright's own program starts: it needs libatomic, which a small Debian lacks."""
    command = [sys.executable, "-m", "playwright", "--version"]
    return subprocess.run(command, capture_output=True).returncode == 0


class Switch:
    """Passes requests on to the application of the test that runs.

    Chromium opens connections before it needs them. So one server has to stay, and answer on each for
    whoever is there when the request comes.
    """

    application: Flask

    def __init__(self, scripts: dict[str, str]) -> None:
        """Take what the tests put into pages: scripts by their paths."""
        self._scripts = scripts

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request."""
        if script := self._scripts.get(environ["PATH_INFO"]):
            kept = "public, max-age=86400, immutable"
            start_response(
                "200 OK", [("Content-Type", "text/javascript; charset=utf-8"), ("Cache-Control", kept)]
            )
            return [script.encode()]
        return self.application(environ, start_response)


@contextlib.contextmanager
def serving(app: Flask | Switch, listening: socket.socket) -> Iterator[str]:
    """Serve the application in this process on a socket that listens; yield its address."""
    host, port = listening.getsockname()
    server = make_server(host, port, app, threaded=True, fd=listening.fileno())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Profiles:
    """The profiles of one browser. A new one takes Chromium a second, so an empty one is used again.

    It is used with the page that is open in it, since a new page is a new process. Each kind is kept apart:
    phones, browsers without JavaScript, and those at another address of the site, since its pages are
    another process too.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._empty: dict[str, list[BrowserContext]] = {}
        self._taken: dict[BrowserContext, tuple[str, ViewportSize]] = {}

    def take(self, site: str, **options: Any) -> BrowserContext:
        """Return a profile with nothing in it, for a browser with these options at this address."""
        kind = f"{site} {options}"
        empty = self._empty.setdefault(kind, [])
        context = empty.pop() if empty else self._browser.new_context(**options)
        self._taken[context] = kind, options.get("viewport", COMPUTER)
        return context

    def give_back(self, window: Window) -> None:
        """Take a window's profile back, and keep it for the next if nothing can be left in it."""
        context = window.context
        kind, viewport = self._taken.pop(context)
        if window.is_unchanged(viewport):
            context.clear_cookies()
            context.clear_permissions()
            self._empty[kind].append(context)
        else:
            context.close()


class Window:
    """A browser of its own with one page: its cookies are shared with no other window."""

    def __init__(self, context: BrowserContext, site: str, clock: Callable[[], datetime.datetime]) -> None:
        context.set_default_timeout(PATIENCE_MS)
        self.context, self.site, self.clock = context, site, clock
        self.page: Page = context.pages[0] if context.pages else context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", self._page_error)

    def _console(self, message: ConsoleMessage) -> None:
        if not HARMLESS.match(message.text):
            self.complaints.append(f"{self.page.url}: {message.type}: {message.text}")

    def _page_error(self, error: Error) -> None:
        self.complaints.append(f"{self.page.url}: {error}")

    def is_unchanged(self, viewport: ViewportSize) -> bool:
        """Stop listening; say whether the page can be somebody else's, once the cookies are gone."""
        self.page.remove_listener("console", self._console)
        self.page.remove_listener("pageerror", self._page_error)
        if len(self.context.pages) > 1 or not self.page.url.startswith(self.site):
            return False
        self.page.set_viewport_size(viewport)
        self.page.emulate_media(media="null", color_scheme="light", reduced_motion="no-preference")
        unchanged: bool = self.page.evaluate(UNCHANGED)
        return unchanged

    def goes_on_as(self, visitor: Visitor) -> None:
        """Take over the cookies of somebody who came this far without a browser."""
        self.context.add_cookies(
            [
                {"name": cookie.key, "value": cookie.value, "url": self.site, "httpOnly": cookie.http_only}
                for cookie in visitor.held_cookies
            ]
        )

    def open(self, path: str) -> None:
        """Type an address of the site, or a whole one."""
        self.page.goto(path if path.startswith("http") else self.site + path)

    def sees(self, title: str) -> None:
        """Wait until the page's one heading is this."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)

    def reads(self, sentence: str) -> None:
        """Wait until a sentence stands on the page, for everybody to see."""
        expect(self.page.get_by_text(sentence).first).to_be_visible()

    def is_at(self, path: str) -> None:
        """Wait until this is the page's address, whatever its query."""
        expect(self.page).to_have_url(re.compile(rf"^{re.escape(self.site + path)}(\?.*)?$"))

    def field(self, label: str) -> Locator:
        """Return the field with this label."""
        return self.page.get_by_label(label, exact=True)

    def is_ready(self) -> None:
        """Wait until the page is there and its scripts have run: before that a person has seen no button."""
        self.page.wait_for_load_state("domcontentloaded")

    def press(self, words: str) -> None:
        """Press the button with these words."""
        self.is_ready()
        self.page.get_by_role("button", name=words, exact=True).click()

    def press_after_filling(self, words: str, fields: dict[str, str]) -> None:
        """Fill in fields and press the button, past the checks that Chromium itself would make."""
        for label, text in fields.items():
            self.field(label).fill(text)
        self.page.locator("form").evaluate_all("forms => forms.forEach(form => form.noValidate = true)")
        self.press(words)

    def follow(self, words: str) -> None:
        """Click the link with these words."""
        self.is_ready()
        self.page.get_by_role("link", name=words, exact=True).click()

    def tab_to(self, name: str) -> None:
        """Press Tab until what has the focus is called this; on the way it must always show."""
        for _ in range(60):
            self.page.keyboard.press("Tab")
            focused, shown = self.page.evaluate(FOCUS)
            assert shown, f"nobody sees that {focused!r} has the focus"
            if focused == name:
                return
        raise AssertionError(f"no Tab leads to {name!r}")

    def type_into(self, label: str, text: str, *, enter: bool = False) -> None:
        """Fill in a field by keyboard alone."""
        expect(self.field(label)).to_be_visible()
        self.is_ready()
        if self.page.evaluate(FOCUS)[0] != label:
            self.tab_to(label)
        self.page.keyboard.type(text)
        if enter:
            self.page.keyboard.press("Enter")

    def give_password(self, email: str, password: str = PASSWORD) -> None:
        """Open the login page and pass, or fail at, the first gate."""
        self.open("/login")
        self.fill_in_login(email, password)

    def fill_in_login(self, email: str, password: str = PASSWORD) -> None:
        """Do the same on the login page at hand."""
        self.field("Email address").fill(email)
        self.field("Password").fill(password)
        self.press("Log in")

    def give_code(self, code: str, *, remember: bool | None = None) -> None:
        """Answer the second gate; the box stays as it is unless `remember` is given."""
        self.sees("2-factor authentication")
        if remember is not None:
            self.page.get_by_role("checkbox").set_checked(remember)
        self.fill_in_code(code, "Log in")

    def fill_in_code(self, code: str, button: str) -> None:
        """Enter six digits, which send themselves; without JavaScript press the button."""
        self.is_ready()
        sends_itself = self.page.get_by_text(SENDS_ITSELF).is_visible()
        self.field("6-digit code").fill(code)
        if not sends_itself:
            self.press(button)

    def scan(self) -> Phone:
        """Read the QR code off a picture of the screen, as a phone does; a phone itself shows it on wish."""
        self.sees("Link your authentication app")
        if self.page.locator("img.qr").is_hidden():
            self.follow("The app is on another phone? Show the QR code")
        picture = Image.open(io.BytesIO(self.page.locator("img.qr").screenshot()))
        found = zxingcpp.read_barcodes(picture, formats=QR_CODES)
        assert len(found) == 1, f"{len(found)} codes can be read"
        return Phone(found[0].text, self.clock)

    def enable(self, code: str) -> None:
        """Enter the code of the linking page."""
        self.field("6-digit code").fill(code)
        self.press("Enable")

    def tap(self) -> Phone:
        """Press the button that opens the app on this phone, which gets the address in it."""
        self.sees("Link your authentication app")
        address = self.page.get_by_role("link", name="Open my app", exact=True).get_attribute("href")
        assert address, "the button leads nowhere"
        return Phone(address, self.clock)

    def link(self) -> Phone:
        """Scan the QR code, enter the app's code and be in."""
        app = self.scan()
        self.enable(app.code())
        self.goes_on_without_recovery_codes()
        return app

    def goes_on_without_recovery_codes(self) -> None:
        """Read that the app is linked, and go on to where the login was meant to lead."""
        self.reads("The platform is now linked to your authentication app. You are now logged in.")
        self.follow("Not now")

    def log_out(self) -> None:
        """Press Log out."""
        self.press("Log out")
        self.sees("Log in")

    def is_in(self, name: str) -> None:
        """Wait until this person's home page is there."""
        self.is_at("/")
        self.sees(f"Welcome, {name}")
