"""Email addresses and names: how they are parsed, and the spelling by which they are compared."""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from mfa_app.core.common.errors import InvalidEmail

# RFC 6762 reserves .local for the local link, but many companies use it as their domain.
# The library has no argument for this; its documentation says to change the list.
SPECIAL_USE_DOMAIN_NAMES.remove("local")


ENCODED_WORD = "=?"  # RFC 2047: a mail's header decodes it, and then names another mailbox

EMAIL_KEY_LENGTH, NAME_KEY_LENGTH = 320, 400  # the columns' widths; folding can lengthen a text


@dataclass(frozen=True)
class EmailAddress:
    """An email address. `shown` is for people, `key` is for comparison."""

    shown: str
    key: str


def parse(text: str) -> EmailAddress:
    """Return the parsed address. Internal domains such as firma.local are allowed. Raises InvalidEmail."""
    try:
        valid = validate_email(_strip(text), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise InvalidEmail from None
    if ENCODED_WORD in valid.local_part:
        raise InvalidEmail
    domain = valid.ascii_domain or valid.domain
    key = f"{fold(valid.local_part)}@{fold(domain)}"
    if len(key) > EMAIL_KEY_LENGTH:
        raise InvalidEmail
    return EmailAddress(valid.normalized, key)


def key_of(text: str) -> str:
    """Return the comparison key of what somebody typed to log in, even if it is not an address."""
    try:
        return parse(text).key
    except InvalidEmail:
        return fold(_strip(text))


def fold(text: str) -> str:
    """Return the text in the spelling by which names and addresses are compared and searched."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def name_key(name: str) -> str:
    """Return the comparison key of a name, cut to the column's width because folding can lengthen it."""
    return fold(name)[:NAME_KEY_LENGTH]


def name_from(email: str) -> str:
    """Return a name derived from an email address: anna.de-vries@firma.local becomes Anna De Vries."""
    local = email.partition("@")[0].partition("+")[0]
    words = "".join(character if character.isalnum() else " " for character in local).split()
    return " ".join(word[:1].upper() + word[1:] for word in words) or fold(email)


def keyed_digest(key: str, secret: str) -> str:
    """Return a short keyed digest, for counting or logging an unknown name without storing it."""
    return hmac.new(secret.encode(), key.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def _strip(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().rstrip(".")
