"""TOTP (RFC 6238): a new secret, its provisioning URI, and the time step that a code belongs to."""

import hmac
import unicodedata
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import pyotp

from mfa_app.core.common.errors import NotACode
from mfa_app.core.common.text import is_separator

PERIOD_SECONDS = 30  # RFC 6238, section 5.2

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DIGITS = 6

SECRET_CHARACTERS = 32  # base32, 160 bits: RFC 4226, section 4 (R6)

DRIFT_STEPS = (0, -1, 1)  # one step either way for delay and clock drift: valid for 90 s at most

LABEL_BYTES = 120  # some apps reject very long labels, and a QR code holds only so much


def new_secret() -> str:
    """Return a secret of 160 random bits in base32."""
    return pyotp.random_base32(SECRET_CHARACTERS)


def provisioning_uri(secret: str, *, account: str, issuer: str) -> str:
    """Return the `otpauth:` URI that authentication apps read from the QR code.

    Follows the Key URI Format. The issuer is both the label's prefix and a parameter. A colon separates
    issuer and account, so neither may contain one. Algorithm, digits and period are left out: every app
    takes SHA-1, 6 and 30 for granted (docs/apps.md), and a smaller QR code is easier to scan.
    """
    issuer, account = label_of(issuer), label_of(account)
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    parameters = urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{label}?{parameters}"


def digits_of(typed: str) -> str:
    """Return the six ASCII digits of a code as somebody typed it: in any script, with any separators.

    Raises NotACode. Nothing else reaches pyotp, which fails on some of what people can send.
    """
    digits = ""
    for character in typed:
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            digits += str(digit)
        elif not is_separator(character):
            raise NotACode(digits=0)
    if len(digits) != DIGITS:
        raise NotACode(len(digits))
    return digits


def matching_step(secret: str, digits: str, *, now: datetime) -> int | None:
    """Return the time step for which these digits are right, at most one step from now, or None.

    `digits` comes from `digits_of`.
    """
    present = int(now.timestamp()) // PERIOD_SECONDS
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD_SECONDS)
    matching = [
        present + drift
        for drift in DRIFT_STEPS
        if hmac.compare_digest(totp.generate_otp(present + drift), digits)
    ]
    return matching[0] if matching else None


def start_of(step: int) -> datetime:
    """Return when a time step began."""
    return EPOCH + timedelta(seconds=step * PERIOD_SECONDS)


def label_of(text: str) -> str:
    """Return a name as apps show it: one line without colons, cut to LABEL_BYTES between two characters."""
    text = " ".join(text.replace(":", " ").split())
    return text.encode()[:LABEL_BYTES].decode(errors="ignore").rstrip() or "-"
