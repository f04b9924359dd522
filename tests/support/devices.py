"""Remembered devices as the tests see them."""

from tests.support.browser import Visitor
from tests.support.world import World


def device_cookies(visitor: Visitor) -> dict[str, str]:
    """Return the cookies by which a browser is remembered."""
    return {name: value for name, value in visitor.cookies.items() if name.startswith("device-")}


def asked(world: World, visitor: Visitor, name: str = "alice") -> bool:
    """Say whether the password leads to the code page; nobody stays logged in."""
    page = world.password_given(name, visitor).current
    if page.path != "/login/code":
        visitor.press("Log out")
    return page.path == "/login/code"
