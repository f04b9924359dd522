"""E-mail addresses: what a person typed, and the one spelling by which the account is found."""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from mfa_app.core.errors import InvalidAddress

# RFC 6762 keeps .local for names on the local link; many companies have called their domain so all the same.
# The library has no argument for this: its list is meant to be changed.
SPECIAL_USE_DOMAIN_NAMES.remove("local")

ADDRESS_KEY_LENGTH, NAME_KEY_LENGTH = 320, 400  # what the columns hold; some characters grow when folded


@dataclass(frozen=True)
class Address:
    """`shown` is the address as people read it, `key` its one comparable spelling."""

    shown: str
    key: str


def parse(text: str) -> Address:
    """Return the address, internal domains such as firma.local included. Raises InvalidAddress."""
    try:
        valid = validate_email(_tidy(text), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise InvalidAddress from None
    domain = valid.ascii_domain or valid.domain
    key = f"{fold(valid.local_part)}@{fold(domain)}"
    if len(key) > ADDRESS_KEY_LENGTH:
        raise InvalidAddress
    return Address(valid.normalized, key)


def key_of(text: str) -> str:
    """Return the key of an address that somebody typed to log in, also when it is no address at all."""
    try:
        return parse(text).key
    except InvalidAddress:
        return fold(_tidy(text))


def fold(text: str) -> str:
    """Return the text in the spelling by which names and addresses are compared and searched."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def name_key(name: str) -> str:
    """Return what a name is compared and searched by; cut off, since some characters grow when folded."""
    return fold(name)[:NAME_KEY_LENGTH]


def blind(key: str, secret: str) -> str:
    """Return a short keyed digest, for counting or logging an unknown name without keeping it."""
    return hmac.new(secret.encode(), key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().rstrip(".")
