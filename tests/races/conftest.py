"""Races run on the site as it is served: two processes, ten threads each, and the real clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete

from mfa_app import create_app
from mfa_app.extensions import db
from mfa_app.models import Group, Throttle, User
from mfa_app.settings import load_settings
from tests.conftest import installed
from tests.phone import Phone
from tests.served import NetworkBrowser, serving
from tests.world import PASSWORD, World


def real_time() -> datetime:
    return datetime.now(UTC)


class ServedWorld(World):
    """The people of the tests in a site that other processes serve."""

    site: str
    told_before = 0

    def events(self, name: str | None = None) -> list[str]:
        return super().events(name)[self.told_before :]

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


@contextmanager
def served_world(environment: dict[str, str]) -> Iterator[ServedWorld]:
    """Serve a site, with an application of our own on the same database to make people with."""
    application = create_app(load_settings(environment), MAIL_IN_BACKGROUND=False)
    world = ServedWorld(application, real_time)
    with serving(environment) as world.site:
        yield world
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def served(environment: dict[str, str]) -> Iterator[ServedWorld]:
    """A served site for this test alone."""
    with served_world(environment) as world:
        yield world


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def arena(
    request: pytest.FixtureRequest, templates: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedWorld]:
    """One served site for many races, on each database: to start one takes longer than most races."""
    pattern = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    folder = tmp_path_factory.mktemp("arena") / "instance"
    with installed(folder, templates, pattern) as environment, served_world(environment) as world:
        yield world


@pytest.fixture
def race(arena: ServedWorld) -> ServedWorld:
    """The arena without anybody in it."""
    with arena.data():
        for model in (User, Group, Throttle):
            db.session.execute(delete(model))
    arena.told_before = len(World.events(arena))
    return arena
