"""Races run on the site as it is served: two processes, four threads each, and the real clock."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mfa_app import create_app
from mfa_app.config import load_settings
from mfa_app.extensions import db
from tests.phone import Phone
from tests.served import NetworkBrowser, serving
from tests.world import PASSWORD, World


def real_time() -> datetime:
    return datetime.now(UTC)


class ServedWorld(World):
    """The people of the tests in a site that other processes serve."""

    site: str

    def browser(self) -> NetworkBrowser:
        return NetworkBrowser(self.site)

    def password_given(self, name: str, visitor: NetworkBrowser | None = None) -> NetworkBrowser:
        browser = visitor or self.browser()
        browser.open("/login")
        browser.post("/login", email=f"{name}@example.com", password=PASSWORD)
        return browser

    def link(self, name: str, visitor: NetworkBrowser | None = None) -> NetworkBrowser:
        browser = self.password_given(name, visitor)
        self.phones[name] = self.phone_that_scans(browser.page)
        browser.post("/enrolment", code=self.phones[name].code())
        assert "You are now logged in" in browser.page.text, browser.page.text
        return browser

    def next_code(self, name: str) -> str:
        """Return the code of the next step, which counts already: linking has burned the present one."""
        return self.phones[name].code(steps=1)

    def phone_of(self, browser: NetworkBrowser) -> Phone:
        return self.phone_that_scans(browser.page)


@pytest.fixture
def served(environment: dict[str, str]) -> Iterator[ServedWorld]:
    """The served site, and an application of our own on the same database to make people with."""
    application = create_app(load_settings(environment), MAIL_IN_BACKGROUND=False)
    world = ServedWorld(application, real_time)
    with serving(environment) as world.site:
        yield world
    with application.app_context():
        db.engine.dispose()
