"""Where a story has come to, kept so that the next test goes on from there without living it again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mfa_app.extensions import db
from tests.support.browser import Page, Visitor
from tests.support.clock import FakeClock
from tests.support.phone import Phone

if TYPE_CHECKING:
    from tests.support.world import World

Result = TypeVar("Result")


@dataclass(frozen=True)
class Snapshot:
    """An installation on SQLite, the time, the secrets of the phones, and what the story returned."""

    folder: Path
    moment: datetime
    phones: dict[str, str]
    result: Any


@dataclass(frozen=True)
class Browser:
    """A browser as it was left: its cookies and the page at hand."""

    address: str
    headers: dict[str, str]
    cookies: dict[Any, Any]
    page: Page | None


class Snapshots:
    """The stories that this process has lived through, each with a copy of where it ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[object, Snapshot] = {}

    def after(self, world: World, story: Callable[[World], Result]) -> Result:
        """Bring a world that has just begun to where the story ends; return what the story returns."""
        key = (world.app.config["SETTINGS"], story.__module__, story.__qualname__)
        if key in self._kept:
            found: Result = self._put_back(world, self._kept[key])
            return found
        result = story(world)
        self._kept[key] = self._take(world, result, self._folder / str(len(self._kept)))
        return result

    def _take(self, world: World, result: object, folder: Path) -> Snapshot:
        with world.app.app_context():
            db.engine.dispose()  # the last connection puts everything into the one file
        shutil.copytree(world.app.config["SETTINGS"].instance_path, folder)
        if isinstance(result, Visitor):
            cookies = dict(result.client._cookies or {})
            result = Browser(result.environ["REMOTE_ADDR"], dict(result.headers), cookies, result.page)
        phones = {name: phone.uri for name, phone in world.phones.items()}
        return Snapshot(folder, world.clock(), phones, result)

    def _put_back(self, world: World, kept: Snapshot) -> Any:
        with world.app.app_context():
            db.engine.dispose()
        instance = world.app.config["SETTINGS"].instance_path
        shutil.rmtree(instance)
        shutil.copytree(kept.folder, instance)
        assert isinstance(world.clock, FakeClock)
        world.clock.moment = kept.moment
        world.phones |= {name: Phone(uri, world.clock) for name, uri in kept.phones.items()}
        if not isinstance(kept.result, Browser):
            return kept.result
        visitor = world.visitor(address=kept.result.address, headers=kept.result.headers)
        visitor.client._cookies = dict(kept.result.cookies)
        visitor.page = kept.result.page
        return visitor
