"""Codes that people write down or read out, shown in groups of four, and read however they were typed."""

import base64
import secrets

from mfa_app.core.common.text import without_separators

GROUP = 4

BASE32 = "abcdefghijklmnopqrstuvwxyz234567"  # without 0 and 1, which look like letters


def new_code(random_bytes: int) -> str:
    """Return a new code in base32, without its dashes. Five random bytes make eight characters."""
    return base64.b32encode(secrets.token_bytes(random_bytes)).decode().lower()


def new_digits(count: int) -> str:
    """Return so many random digits."""
    return f"{secrets.randbelow(10**count):0{count}}"


def shown(code: str) -> str:
    """Return a code as it is written down: "abcd-efgh-ijkl-mnop"."""
    return "-".join(code[i : i + GROUP] for i in range(0, len(code), GROUP))


def read(typed: str, characters: int, alphabet: str = BASE32) -> str | None:
    """Return a code of so many characters, typed in any case and with any separators, or None."""
    code = without_separators(typed).lower()
    return code if len(code) == characters and set(alphabet).issuperset(code) else None
