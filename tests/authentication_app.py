"""An authentication app that knows nothing of the site but what it has scanned off the screen."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp

from tests.world import World


class AuthenticationApp:
    """An authentication app that has scanned a QR code; its codes come from oathtool, else from pyotp."""

    def __init__(self, uri: str, clock: Callable[[], datetime.datetime]) -> None:
        self.uri, self._clock = urlsplit(uri), clock
        self.parameters = {name: values[0] for name, values in parse_qs(self.uri.query).items()}
        self.secret = self.parameters["secret"]

    @property
    def label(self) -> str:
        """What the app writes above the code."""
        return unquote(self.uri.path.removeprefix("/"))

    def code(self, *, later: int = 0) -> str:
        """Return the six digits that the app shows now, or so many seconds later."""
        moment = self._clock() + datetime.timedelta(seconds=later)
        if not shutil.which("oathtool"):
            return pyotp.TOTP(self.secret).at(moment)
        command = ["oathtool", "--totp", "--base32", self.secret, "--now", f"{moment:%F %T} UTC"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def wrong_code(self) -> str:
        """Return six digits that are right at no step anywhere near."""
        near = {self.code(later=seconds) for seconds in range(-90, 91, 30)}
        return next(
            code
            for code in ("000000", "111111", "222222", *map(str, range(300000, 300010)))
            if code not in near
        )


def app_of(world: World, name: str) -> AuthenticationApp:
    """Return the app that somebody linked before the test began."""
    return AuthenticationApp(world.phones[name].uri, world.clock)
