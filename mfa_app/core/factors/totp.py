"""TOTP as in RFC 6238: a new secret, its provisioning URI, and which time step a code belongs to."""

import hmac
import re
from datetime import datetime
from urllib.parse import quote, urlencode

import pyotp

from mfa_app.core.common.errors import WrongCode

PERIOD_SECONDS = 30  # RFC 6238, section 5.2

DIGITS = 6

SECRET_CHARACTERS = 32  # base32: 160 bits, as RFC 4226, section 4 (R6) recommends

DRIFT_STEPS = (0, -1, 1)  # one step of network delay and clock drift: a code lives 90 s at most

LABEL_BYTES = 120  # some apps refuse a label that goes on for ever, and a QR code has an end


def new_secret() -> str:
    """Return a secret of 160 random bits in base32."""
    return pyotp.random_base32(SECRET_CHARACTERS)


def provisioning_uri(secret: str, *, account: str, issuer: str) -> str:
    """Return the `otpauth:` address that authentication apps read.

    Follows the Key URI Format: the issuer stands as the label's prefix and as a parameter, and since a
    colon separates the two, there is none within either. `secret` comes first, since some apps stop there.
    """
    issuer, account = _label(issuer), _label(account)
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    parameters = {
        "secret": secret,
        "issuer": issuer,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": PERIOD_SECONDS,
    }
    return f"otpauth://totp/{label}?{urlencode(parameters, quote_via=quote)}"


def matching_step(secret: str, code: str, *, now: datetime) -> int:
    """Return the time step at which this code is right, at most one step away. Raises WrongCode.

    `code` is what a person typed: spaces are taken out, and anything but six ASCII digits is refused
    before pyotp sees it, which would accept other scripts' digits as well.
    """
    digits = re.sub(r"[ \t\u00a0]", "", code).strip()
    if not re.fullmatch("[0-9]{6}", digits):
        raise WrongCode
    present = int(now.timestamp()) // PERIOD_SECONDS
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD_SECONDS)
    matching = [
        present + drift
        for drift in DRIFT_STEPS
        if hmac.compare_digest(totp.generate_otp(present + drift), digits)
    ]
    if not matching:
        raise WrongCode
    return matching[0]


def _label(text: str) -> str:
    """Return the text on one line, without a colon, cut off at the last whole character that fits."""
    text = " ".join(text.replace(":", " ").split())
    return text.encode()[:LABEL_BYTES].decode(errors="ignore").rstrip() or "-"
