"""Takes the README's screenshots, in docs/screenshots/, using the demo's company."""

import logging
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser

from mfa_app import create_app
from mfa_app.cli.demo.company import DemoLogin, create_company
from mfa_app.cli.support.migrations import bring_to_head
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.extensions import db
from mfa_app.settings import PROJECT_ROOT, load_settings
from tests.support.chromium import PHONE, Window, running_chromium, serving
from tests.support.clock import FakeClock
from tests.support.phone import Phone

PICTURES = PROJECT_ROOT / "docs" / "screenshots"
CLOCK = FakeClock()
APPLICATIONS = "Wiki=https://wiki.firma.example; Time sheets=https://time.firma.example"


class Photographer:
    """Takes a screenshot of each page, in windows of one browser."""

    def __init__(self, browser: Browser, site: str, logins: dict[str, DemoLogin]) -> None:
        self.browser, self.site, self.logins = browser, site, logins

    @contextmanager
    def window(self, **options: object) -> Iterator[Window]:
        """Open a window for one or more screenshots."""
        usual = {"viewport": {"width": 1280, "height": 800}, "timezone_id": "UTC", "reduced_motion": "reduce"}
        context = self.browser.new_context(**{**usual, **options})
        yield Window(context, self.site, CLOCK)
        context.close()

    def take(self, window: Window, name: str, *, whole: bool = True) -> None:
        """Take the screenshot, without the note that this site is for one computer only."""
        window.page.evaluate("document.querySelector('.local-note')?.remove()")
        window.page.evaluate("document.activeElement.blur()")
        window.page.screenshot(path=PICTURES / f"{name}.png", full_page=whole)

    def give_password(self, window: Window, name: str) -> None:
        """Log in with the password."""
        window.give_password(self.logins[name].email, self.logins[name].password)

    def take_login_and_code(self) -> None:
        """Take the login page and the code page, as Carla sees them."""
        with self.window() as window:
            window.open("/login")
            self.take(window, "login")
            self.give_password(window, "carla")
            window.sees("2-factor authentication")
            self.take(window, "code")

    def take_enrolment(self) -> None:
        """Take the enrolment page as Dmitri sees it: on a computer, and from its first step on a phone."""
        with self.window() as window:
            self.give_password(window, "dmitri")
            window.page.get_by_role("heading", name="Microsoft Authenticator").click()
            self.take(window, "linking")
        with self.window(**PHONE, device_scale_factor=2) as window:
            self.give_password(window, "dmitri")
            window.page.get_by_role("heading", name="to your app").evaluate("it => it.scrollIntoView()")
            self.take(window, "linking-phone", whole=False)

    def take_administration(self) -> None:
        """Take the list of people, and the preview that Ada sees before she switches a group on."""
        with self.window() as window:
            self.give_password(window, "ada")
            window.give_code(Phone(f"otpauth://?secret={self.logins['ada'].secret}", CLOCK).code())
            window.follow("Administration")
            window.follow("People")
            self.take(window, "people", whole=False)
            window.follow("Groups")
            window.press("Switch on… Sales")
            window.sees("Switch 2-factor authentication on for Sales?")
            self.take(window, "policy")


@contextmanager
def demo_site(folder: str, **more: str) -> Iterator[tuple[str, list[DemoLogin]]]:
    """Serve the demo's company with a fixed clock, with more settings; yield the URL and the logins."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
        settings = {"MFA_INSTANCE_PATH": folder, "PORT": port, "MFA_HELP_EMAIL": "help@firma.example"}
        settings |= {"MFA_APPLICATIONS": APPLICATIONS, **more}
        app = create_app(load_settings(settings), MAIL_IN_BACKGROUND=False, CLOCK=CLOCK)
        with app.app_context():
            bring_to_head()
            logins = create_company(Actor(ActorKind.TERMINAL, "demo"), now=CLOCK())
            db.session.commit()
        with serving(app, listening) as site:
            yield site, logins


def main() -> None:
    """Take all screenshots."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        demo_site(folder) as (site, logins),
        running_chromium() as browser,
    ):
        photographer = Photographer(browser, site, {login.email.partition("@")[0]: login for login in logins})
        photographer.take_login_and_code()
        photographer.take_enrolment()
        photographer.take_administration()


if __name__ == "__main__":
    main()
