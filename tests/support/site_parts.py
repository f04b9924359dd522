"""The parts of a test's application, such as its clock and its keys: to look at, and to put in others."""

from typing import TypeVar

from flask import Flask

from mfa_app.core.policy.asked_proof import MailServer

Part = TypeVar("Part")


def put(app: Flask, *parts: object) -> None:
    """Put parts into the application in place of its own of the same types."""
    app.extensions["site"] = app.extensions["site"].replace(*parts)


def set_up_mail_server(app: Flask) -> None:
    """Let codes be emailed as with a mail server, while emails still become files."""
    put(app, MailServer(lambda: True))


def part_of(app: Flask, kind: type[Part]) -> Part:
    """Return the part of this type of an application."""
    found: Part = app.extensions["site"][kind]
    return found
