"""Where worlds have come to, kept so that the next test goes on from there without living it again.

A step is a method of World that takes a world from one state to another, such as `person` or
`log_in_and_wait`. Each sequence of steps is lived once in each process. A later test that begins with the
same steps gets the state in which they ended: the database, the files, the time, the phones, and the
browser that came back.

That holds as long as nothing but steps has happened in a world since it began. After anything else, be it
one commit, all steps are lived.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mfa_app.core.passwords.hashing import Hasher
from mfa_app.extensions import db
from tests.support.browser import Page, Visitor
from tests.support.clock import FakeClock
from tests.support.files import Files, put_files_back, read_files
from tests.support.kept_databases import kept_by
from tests.support.phone import Phone
from tests.support.site_parts import part_of

if TYPE_CHECKING:
    from tests.support.world import World

Method = TypeVar("Method", bound=Callable[..., Any])
Phones = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Snapshot:
    """Where a world had come to, and what the last step returned."""

    database: Any
    files: Files
    moment: datetime
    phones: Phones
    result: Any = None


class Kept:
    """What a process has lived through."""

    def __init__(self) -> None:
        self.snapshots: dict[Hashable, Snapshot] = {}
        self.times: Counter[Hashable] = Counter()


@dataclass(frozen=True)
class Browser:
    """A browser as it was left: its cookies and the page at hand."""

    address: str
    headers: dict[str, str]
    cookies: dict[Any, Any]
    page: Page | None


def step(method: Method) -> Method:
    """Make a method of World a step."""

    @wraps(method)
    def taken(world: World, *given: Any, **options: Any) -> Any:
        if world.beginning is None:
            return method(world, *given, **options)
        return world.beginning.take(method, given, options)

    return cast(Method, taken)


class Beginning:
    """A world that has lived through nothing but steps so far."""

    def __init__(self, world: World, kept: Kept, unpatched: Callable[[], bool] = lambda: True) -> None:
        """Begin with a world that is as it was installed. There are steps while the code is `unpatched`."""
        self._world, self._snapshots, self._times = world, kept.snapshots, kept.times
        self._unpatched = unpatched
        with world.app.app_context():
            self._engine = db.engine
        self._way = kept_by(self._engine)
        self._site = world.app.extensions["site"]
        hashes = part_of(world.app, Hasher).cost
        self._key: Hashable = (world.app.config["SETTINGS"], hashes, world.address, world.base_url)
        self._lived = False
        self._now: Snapshot | None = None
        self._state = self._state_now()

    def take(self, method: Callable[..., Any], given: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Take a step, or go to where it ended before."""
        if not self._goes_on(given, options):
            return method(self._world, *given, **options)
        self._key = (self._key, self._world.clock(), method, given, tuple(sorted(options.items())))
        found = self._snapshots.get(self._key)
        return self._put_back(found) if found else self._live(method, given, options)

    def _goes_on(self, given: tuple[object, ...], options: dict[str, object]) -> bool:
        """Return True if this is one more step and nothing else has happened; if not, there are no more."""
        values = (*given, *options.values())
        plain = all(isinstance(value, Hashable) and not isinstance(value, Visitor) for value in values)
        if plain and threading.current_thread() is threading.main_thread() and self._nothing_else_happened():
            return True
        self._world.beginning = None
        return False

    def _nothing_else_happened(self) -> bool:
        same_parts = self._world.app.extensions["site"] is self._site
        return same_parts and self._unpatched() and self._state == self._state_now() and self._begun()

    def _begun(self) -> bool:
        """Return True if the first step was taken in a database in which nothing had happened."""
        if self._lived:
            return True
        if not self._way.is_fresh(self._engine):
            return False
        self._lived, self._now = True, self._snapshots.get(self._key) or self._remember(None)
        return True

    def _live(self, method: Callable[..., Any], given: tuple[Any, ...], options: dict[str, Any]) -> Any:
        self._world.beginning = None  # steps within a step are part of it
        result = method(self._world, *given, **options)
        if _can_be_kept(result):
            self._world.beginning = self
            self._now, self._state = self._remember(_left(result)), self._state_now()
        return result

    def _remember(self, result: object) -> Snapshot | None:
        """Keep where the world has come to, once that pays."""
        self._times[self._key] += 1
        if self._times[self._key] < self._way.pays_from:
            return None
        files, database = read_files(self._folder), self._way.take(self._engine)
        found = Snapshot(database, files, self._world.clock(), self._phones, result)
        self._snapshots[self._key] = found
        return found

    def _put_back(self, kept: Snapshot) -> Any:
        world, present = self._world, self._now
        assert present is not None and isinstance(world.clock, FakeClock)
        self._way.put_back(self._engine, kept.database, present.database)
        put_files_back(self._folder, kept.files, present.files)
        world.clock.moment = kept.moment
        world.phones.clear()
        world.phones |= {name: Phone(uri, world.clock) for name, uri in kept.phones}
        self._now, self._state = kept, self._state_now()
        return _opened_again(kept.result, world) if isinstance(kept.result, Browser) else kept.result

    def _state_now(self) -> object:
        return self._way.stamp(self._engine), self._phones

    @property
    def _folder(self) -> Path:
        folder: Path = self._world.app.config["SETTINGS"].instance_path
        return folder

    @property
    def _phones(self) -> Phones:
        return tuple(sorted((name, phone.uri) for name, phone in self._world.phones.items()))


def _can_be_kept(result: object) -> bool:
    """Return True unless a step failed, or returned something that another test could change."""
    if isinstance(result, Visitor):
        return result.page is None or result.page.status < 400
    return result is None or isinstance(result, str) or _are_texts(result)


def _are_texts(result: object) -> bool:
    return isinstance(result, tuple) and all(isinstance(text, str) for text in result)


def _left(result: object) -> object:
    """Return what a step returned, to be kept."""
    if not isinstance(result, Visitor):
        return result
    cookies = dict(result.client._cookies or {})
    return Browser(result.environ["REMOTE_ADDR"], dict(result.headers), cookies, result.page)


def _opened_again(browser: Browser, world: World) -> Visitor:
    visitor = world.visitor(address=browser.address, headers=browser.headers)
    visitor.client._cookies = dict(browser.cookies)
    visitor.page = browser.page
    return visitor
