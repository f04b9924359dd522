"""Why a verb refuses. Each refusal is a type that carries facts; its words are in wording/refusals."""

from dataclasses import dataclass
from datetime import datetime


class Refusal(Exception):
    """A verb was asked for something that it does not do; nothing has been changed."""


class WrongCredentials(Refusal):
    """The address and the password do not open an account (which of them is wrong is not told)."""


class WrongPassword(Refusal):
    """The current password, asked for again, is wrong."""


class WrongCode(Refusal):
    """The code is not one of this moment."""


class UsedCode(Refusal):
    """The code is right and has been used already (RFC 6238, section 5.2)."""


@dataclass
class Throttled(Refusal):
    """Too many tries have failed; the next one is looked at from `retry_at` on."""

    retry_at: datetime


class PasswordLocked(Refusal):
    """So many wrong passwords came in a row that only a mailed link opens the account here."""


class AuthenticatorLocked(Refusal):
    """Too many wrong codes in a row: the authenticator is out of use until the help desk resets it."""


class SessionEnded(Refusal):
    """The session has ended while the request was under way."""


class OneTimeLinkExpired(Refusal):
    """The link has been used, replaced or is too old."""


class PendingEnrolmentExpired(Refusal):
    """The QR code on the page is too old; a new one is needed."""


class AlreadyEnrolled(Refusal):
    """There is an authenticator already."""


class TwoFactorRequired(Refusal):
    """The policy requires the authenticator, so its owner cannot remove it."""


class NotEnrolled(Refusal):
    """There is no authenticator."""


class NotAllowed(Refusal):
    """The actor's role does not reach that far."""


class CannotExemptSelf(Refusal):
    """Nobody ends what is required of themselves."""


class LastAdministrator(Refusal):
    """No administrator would be able to get in any more."""


class EmailTaken(Refusal):
    """Another person has this e-mail address, perhaps in another spelling."""


class NameTaken(Refusal):
    """Another group has this name."""


class InvalidEmail(Refusal):
    """This is not an e-mail address."""


class AlreadySetUp(Refusal):
    """There is an administrator already."""


class RotationRunning(Refusal):
    """Somebody else rotates the data keys right now."""


class HashingQueueFull(Refusal):
    """All slots for hashing a password are taken; try again in a few seconds."""


@dataclass
class UnacceptablePassword(Refusal):
    """The password is not taken; `reason` is "short", "long", "known names" or "guessable"."""

    reason: str
