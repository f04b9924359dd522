"""E-mail addresses: what a person typed, and the one spelling by which the account is found."""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from mfa_app.core.common.errors import InvalidEmail

# RFC 6762 keeps .local for names on the local link; many companies have called their domain so all the same.
# The library has no argument for this: its list is meant to be changed.
SPECIAL_USE_DOMAIN_NAMES.remove("local")


EMAIL_KEY_LENGTH, NAME_KEY_LENGTH = 320, 400  # what the columns hold; some characters grow when folded


@dataclass(frozen=True)
class EmailAddress:
    """`shown` is the address as people read it, `key` its one comparable spelling."""

    shown: str
    key: str


def parse(text: str) -> EmailAddress:
    """Return the address, internal domains such as firma.local included. Raises InvalidEmail."""
    try:
        valid = validate_email(_strip(text), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise InvalidEmail from None
    domain = valid.ascii_domain or valid.domain
    key = f"{fold(valid.local_part)}@{fold(domain)}"
    if len(key) > EMAIL_KEY_LENGTH:
        raise InvalidEmail
    return EmailAddress(valid.normalized, key)


def key_of(text: str) -> str:
    """Return the key of an address that somebody typed to log in, also when it is no address at all."""
    try:
        return parse(text).key
    except InvalidEmail:
        return fold(_strip(text))


def fold(text: str) -> str:
    """Return the text in the spelling by which names and addresses are compared and searched."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def name_key(name: str) -> str:
    """Return what a name is compared and searched by; cut off, since some characters grow when folded."""
    return fold(name)[:NAME_KEY_LENGTH]


def keyed_digest(key: str, secret: str) -> str:
    """Return a short keyed digest, for counting or logging an unknown name without keeping it."""
    return hmac.new(secret.encode(), key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def _strip(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().rstrip(".")
