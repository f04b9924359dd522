"""What belongs to one application and not to the process, such as its clock, its keys and its mail."""

from types import MappingProxyType
from typing import TypeVar, cast

from flask import current_app

Part = TypeVar("Part")


class Site:
    """The parts of one application, each found by its type: `site()[Vault]`. A site never changes.

    Each part is defined in the room that uses it, and create_app makes them all. Core can therefore reach its
    own parts, typed, without knowing Flask or the rooms below it.
    """

    def __init__(self, *parts: object) -> None:
        self._parts = MappingProxyType({type(part): part for part in parts})

    def __getitem__(self, kind: type[Part]) -> Part:
        """Return the part of this type. Raises KeyError if the site has none."""
        return cast(Part, self._parts[kind])

    def replace(self, *parts: object) -> "Site":
        """Return a site with these parts in place of its own of the same types."""
        return Site(*{**self._parts, **{type(part): part for part in parts}}.values())


def site() -> Site:
    """Return the site of the current application. Raises RuntimeError outside an application context."""
    return cast(Site, current_app.extensions["site"])
