"""Second Gate, a self-hosted login site. `create_app` makes its application."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mfa_app.application import create_app as create_app

__version__ = "0.2.0"


def __getattr__(name: str) -> object:
    """Import the application when somebody asks for it. gunicorn's master doesn't: that saves it 90 MiB."""
    if name == "create_app":
        return import_module("mfa_app.application").create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
