"""TOTP (RFC 6238): a new secret, its provisioning URI, and the time step that a code belongs to."""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import pyotp

from mfa_app.core.common.errors import NotACode
from mfa_app.core.common.text import is_separator, without_separators

PERIOD_SECONDS = 30  # RFC 6238, section 5.2

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DIGITS = 6

SECRET_CHARACTERS = 32  # base32, 160 bits: RFC 4226, section 4 (R6)

DRIFT_STEPS = (0, -1, 1)  # one step either way for delay and clock drift: valid for 90 s at most

ALGORITHM = "SHA1"

ALGORITHMS = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256, "SHA512": hashlib.sha512}  # those of RFC 6238

BASE32 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")

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
            raise NotACode(digits=0, setup_key=_is_setup_key(typed))
    if len(digits) != DIGITS:
        raise NotACode(len(digits))
    return digits


def matching_step(secret: str, digits: str, *, now: datetime) -> int | None:
    """Return the time step for which these digits are right, at most one step from now, or None.

    `digits` comes from `digits_of`.
    """
    drifts = matching_drifts(secret, digits, DRIFT_STEPS, now=now)
    return step_at(now) + drifts[0] if drifts else None


def matching_drifts(
    secret: str,
    digits: str,
    drifts: Iterable[int],
    *,
    algorithm: str = ALGORITHM,
    period: int = PERIOD_SECONDS,
    now: datetime,
) -> list[int]:
    """Return at which of these distances from the present time step, in steps, the digits are right.

    All are computed, whichever fits, so that the time that it takes does not tell one from another.
    """
    present = step_at(now, period)
    totp = pyotp.TOTP(secret, digits=DIGITS, digest=ALGORITHMS[algorithm], interval=period)
    return [drift for drift in drifts if hmac.compare_digest(totp.generate_otp(present + drift), digits)]


def step_at(moment: datetime, period: int = PERIOD_SECONDS) -> int:
    """Return the time step of a moment."""
    return int(moment.timestamp()) // period


def start_of(step: int) -> datetime:
    """Return when a time step began."""
    return EPOCH + timedelta(seconds=step * PERIOD_SECONDS)


def label_of(text: str) -> str:
    """Return a name as apps show it: one line without colons, cut to LABEL_BYTES between two characters."""
    text = " ".join(text.replace(":", " ").split())
    return text.encode()[:LABEL_BYTES].decode(errors="ignore").rstrip() or "-"


def _is_setup_key(typed: str) -> bool:
    """Return True for what looks like a secret, as the linking page shows it."""
    key = without_separators(typed).upper()
    return len(key) == SECRET_CHARACTERS and BASE32.issuperset(key)
