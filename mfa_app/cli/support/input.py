"""What commands read from standard input: a password, as someone can type it later."""

import codecs
import sys
import unicodedata

import click
from flask_babel import gettext as _

from mfa_app.cli.support.command import CommandError

MAX_PASSWORD_BYTES = 4096


def password_from_stdin() -> str:
    """Return the password from standard input without its newline. At a terminal, ask without echo.

    Raises CommandError if nothing arrives, or something that nobody can type into the field of a page.
    """
    if sys.stdin.isatty():
        return click.prompt(_("Password"), hide_input=True, err=True)
    password = _decoded(sys.stdin.buffer.read(MAX_PASSWORD_BYTES)).removesuffix("\n").removesuffix("\r")
    if not password:
        raise CommandError(_("There is no password on standard input."))
    if "\n" in password:
        raise CommandError(_("The password on standard input has more than one line."))
    if any(unicodedata.category(character) == "Cc" for character in password):
        raise CommandError(_("The password on standard input has a character that nobody can type."))
    return password


def _decoded(raw: bytes) -> str:
    """Return the text without a byte order mark, which PowerShell and some editors write before it."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        return decoder.decode(raw, final=len(raw) < MAX_PASSWORD_BYTES)  # the last character may be cut
    except UnicodeDecodeError:
        raise CommandError(_("The password on standard input is not UTF-8 text.")) from None
