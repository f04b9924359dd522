"""What a browser brings to the login page: whom it knows, and whose device it is."""

from datetime import datetime
from typing import Protocol

from mfa_app.core.browsers import remembered_devices
from mfa_app.models import RememberedDevice, User


class Browser(Protocol):
    """What the browser brings to the password step, read from its signed cookies."""

    def known_to(self, user: User) -> str | None:
        """Return the id of this browser if the user has logged in with it before, else None."""

    def device_of(self, user: User) -> tuple[str, str] | None:
        """Return the id and the secret of the device remembered for this user, or None."""


def remembered_device_of(user: User, browser: Browser, now: datetime) -> RememberedDevice | None:
    held = browser.device_of(user)
    return remembered_devices.find_valid(user, *held, now=now) if held else None
