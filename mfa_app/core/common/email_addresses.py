"""Email addresses and names: how they are parsed, and the spelling by which they are compared."""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from mfa_app.core.common import text
from mfa_app.core.common.errors import InvalidEmail
from mfa_app.settings.values import ENCODED_WORD

EMAIL_KEY_LENGTH, NAME_KEY_LENGTH = 320, 400  # of the narrowest columns; folding can lengthen a text


@dataclass(frozen=True)
class EmailAddress:
    """An email address. `shown` is for people, `key` is for comparison."""

    shown: str
    key: str


def parse(typed: str) -> EmailAddress:
    """Return the parsed address. Internal domains such as firma.local are allowed. Raises InvalidEmail.

    RFC 5321 (2.4) leaves the part before the @ to the mail server that delivers to it. All of them ignore
    upper and lower case, and nothing more: weiss@ and weiß@ are two mailboxes, so they are two addresses.
    """
    try:
        valid = validate_email(_strip(typed), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise InvalidEmail from None
    if ENCODED_WORD in valid.local_part:
        raise InvalidEmail
    domain = valid.ascii_domain or valid.domain
    key = f"{_in_small_letters(valid.local_part)}@{fold(domain)}"
    if len(key) > EMAIL_KEY_LENGTH:
        raise InvalidEmail
    return EmailAddress(valid.normalized, key)


def key_of(typed: str) -> str:
    """Return the comparison key of what somebody typed to log in, even if it is not an address."""
    try:
        return parse(typed).key
    except InvalidEmail:
        return fold(_strip(typed))


def fold(name: str) -> str:
    """Return the spelling by which names are compared: what looks the same is the same."""
    visible = unicodedata.normalize("NFKC", text.one_line(name))
    return unicodedata.normalize("NFKC", visible.casefold())


def name_key(name: str) -> str:
    """Return the comparison key of a name, cut because folding can lengthen it beyond its column."""
    return fold(name)[:NAME_KEY_LENGTH]


def name_from(email: str) -> str:
    """Return a name derived from an email address: anna.de-vries@firma.local becomes Anna De Vries."""
    local = email.partition("@")[0].partition("+")[0]
    words = "".join(character if character.isalnum() else " " for character in local).split()
    return " ".join(word[:1].upper() + word[1:] for word in words) or fold(email)


def keyed_digest(key: str, secret: str) -> str:
    """Return a short keyed digest, for counting or logging an unknown name without storing it."""
    return hmac.new(secret.encode(), key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def _in_small_letters(local_part: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", local_part).lower())


def _strip(typed: str) -> str:
    return unicodedata.normalize("NFKC", text.visible(typed)).strip().rstrip(".")
