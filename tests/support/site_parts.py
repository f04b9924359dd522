"""The parts of a test's application, such as its clock and its keys: to look at, and to put in others."""

from typing import TypeVar

from flask import Flask

from mfa_app.core.operations.logo import KeptLogo
from mfa_app.core.operations.site_values import StoredValues
from mfa_app.core.operations.write_proof import WriteProof
from mfa_app.core.policy.asked_proof import MailServer
from mfa_app.core.users.first_administrator import SetUpNoted
from mfa_app.web.ui.passkeys import ALONE

Part = TypeVar("Part")


def put(app: Flask, *parts: object) -> None:
    """Put parts into the application in place of its own of the same types."""
    app.extensions["site"] = app.extensions["site"].replace(*parts)


def forget(app: Flask) -> None:
    """Let an application remember nothing of the database that it has had."""
    put(app, WriteProof(), SetUpNoted(), StoredValues(), KeptLogo())
    app.extensions.pop(ALONE, None)


def set_up_mail_server(app: Flask) -> None:
    """Let codes be emailed as with a mail server, while emails still become files."""
    put(app, MailServer(lambda: True))


def part_of(app: Flask, kind: type[Part]) -> Part:
    """Return the part of this type of an application."""
    found: Part = app.extensions["site"][kind]
    return found
