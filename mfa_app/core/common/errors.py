"""Why an action is refused or interrupted: one exception type per reason, with its facts.

The words are in wording/refusals.
"""

from dataclasses import dataclass
from datetime import date, datetime


class Refusal(Exception):
    """The action was refused and nothing has changed."""


class Interruption(Exception):
    """The action could not be tried, whatever was entered: no form shows this, it has its own answer."""


class SessionEnded(Interruption):
    """The session ended while the request was running."""


class OutOfScope(Interruption):
    """The person is, or is by now, of none of the groups that the actor of the help desk looks after."""


class HashingQueueFull(Interruption):
    """All hashing slots are taken; try again in a few seconds."""


class WrongCredentials(Refusal):
    """No enabled account has this email address and password. The message doesn't say which one is wrong."""


class WrongPassword(Refusal):
    """The current password, asked for again, is wrong."""


class WrongCode(Refusal):
    """The code doesn't match the current time step or a neighbouring one."""


@dataclass(frozen=True)
class ClockOff:
    """A code of another time: the phone's clock is so many seconds fast, or slow if they are negative.

    `app_id` and `step` say whose code it is, and of which time step. While the app is being linked it has no
    id (None).
    """

    seconds: int
    app_id: str | None
    step: int


@dataclass(frozen=True)
class OtherSettings:
    """A code made with another algorithm, or for another number of seconds, than the QR code asks for."""

    algorithm: str
    seconds: int


@dataclass(frozen=True)
class FormerEntry:
    """A code of an app that no longer counts: its name, that of the entry, since when, until when and why.

    `ending` is "removed", "replaced", "reset", or "started over" if it was never linked.
    """

    name: str | None
    issuer: str | None
    since: datetime
    ended_at: datetime
    ending: str


Explanation = ClockOff | OtherSettings | FormerEntry


@dataclass
class ExplainedCode(WrongCode):
    """A wrong code that looks as if there were this reason. It is refused and counted like any other."""

    explanation: Explanation


@dataclass
class NotACode(Refusal):
    """What was typed can't be a code: it has this many digits, not six; 0 if it isn't digits alone.

    `setup_key`: it looks like the key from which an app makes codes.
    """

    digits: int
    setup_key: bool = False


class UsedCode(Refusal):
    """The code is right but has already been used (RFC 6238, section 5.2)."""


class NotABreakGlassCode(Refusal):
    """What was typed can't be a break-glass code: it doesn't have 24 letters and digits."""


class WrongBreakGlassCode(Refusal):
    """The site has no such break-glass code. It may have been replaced."""


class UsedBreakGlassCode(Refusal):
    """The break-glass code was right, but has already been used."""


class NotAnAccessPass(Refusal):
    """What was typed can't be an access pass: it doesn't have 8 of its letters and digits."""


class WrongAccessPass(Refusal):
    """The user has no such access pass. It may be wrong, used, replaced, revoked or too old."""


class NotAnEmailCode(Refusal):
    """What was typed can't be a code from an email: it doesn't have 6 digits."""


class WrongEmailCode(Refusal):
    """The user has no such code by email. It may be wrong, used, replaced, revoked or too old."""


@dataclass
class EmailCodeTooSoon(Refusal):
    """A code was emailed a moment ago, or five within an hour. The next can be sent at `retry_at`."""

    retry_at: datetime


class NoMailServer(Refusal):
    """A reset can't lead to a code by email, because no mail server is set up."""


class PassNotNeeded(Refusal):
    """No access pass lets this user go on: nothing was reset, or something is linked, locked or closed."""


class PasskeysElsewhere(Refusal):
    """None of the user's passkeys was made for the host that the site has now."""


@dataclass
class PasskeyRefused(Refusal):
    """The answer of a passkey is not accepted.

    `reason` is "unreadable", "wrong site", "challenge", "expired", "replayed", "not verified", "unknown
    passkey", "of someone else", "signature", "counter", "changed", "algorithm", "registered" or "not alone".
    """

    reason: str


class PasskeysOff(Refusal):
    """This site can't have passkeys, because its public address is an IP address."""


@dataclass
class TooManyPasskeys(Refusal):
    """The user has this many passkeys, and can't have more."""

    most: int


class PasskeyNameTaken(Refusal):
    """The user already has a passkey of this name."""


class PasskeyGone(Refusal):
    """The user has no such passkey, or has it no longer."""


@dataclass
class Throttled(Refusal):
    """Blocked: too many attempts have failed. The next one is accepted from `retry_at` on."""

    retry_at: datetime


class PasswordLocked(Refusal):
    """Password locked: after too many wrong passwords in a row, only a mailed link unlocks it here."""


class AuthenticatorLocked(Refusal):
    """Second factors locked: after too many wrong codes in a row, only a reset by the help desk helps."""


class OneTimeLinkExpired(Refusal):
    """The one-time link has been used, has been replaced or has expired."""


class PendingEnrolmentExpired(Refusal):
    """The QR code on the page has expired; a new one is needed."""


class AlreadyEnrolled(Refusal):
    """The user has an app or a passkey, and hasn't used it recently."""


@dataclass
class TooManyApps(Refusal):
    """The user has this many authenticators, and can't have more."""

    most: int


class AppNameTaken(Refusal):
    """The user already has an authenticator of this name."""


class TwoFactorRequired(Refusal):
    """The policy requires 2FA, so the user can't remove the last second factor."""


class PasskeyRequired(Refusal):
    """A rule accepts passkeys only, so no other second factor counts for this user."""


class LastPasskey(Refusal):
    """A rule accepts passkeys only, so the user can't remove the last one."""


class LinkNotNeeded(Refusal):
    """The user needs no link for enrolling: there is an app or a passkey, or the password is enough."""


class NotEnrolled(Refusal):
    """The user has no app and no passkey."""


class AppGone(Refusal):
    """The user has no such authenticator, or has it no longer."""


class FactorGone(Refusal):
    """The person whom the help desk looks after has no such app or passkey, or has it no longer."""


class LastFactor(Refusal):
    """It is the only app or passkey of that person, so only a reset takes it away."""


class NotAllowed(Refusal):
    """The actor's role doesn't permit this."""


class NotHelpDesk(Refusal):
    """Only somebody of the help desk can be limited to certain groups."""


class CannotExemptSelf(Refusal):
    """Users can't lift their own requirement."""


class CannotExemptRole(Refusal):
    """Administrators and the help desk can't be exempted: they always need a code."""


class CannotDelayRole(Refusal):
    """Administrators and the help desk have no deadline: nothing opens before they have a second factor."""


class DeadlineOutOfRange(Refusal):
    """A deadline of one person must be a day from today to `latest`."""

    def __init__(self, latest: date) -> None:
        super().__init__()
        self.latest = latest


class LastAdministrator(Refusal):
    """The change would leave no administrator who can log in."""


class RuleChanged(Refusal):
    """The rule is no longer the one that the change was made for: somebody else has changed it."""


class AccountDisabled(Refusal):
    """The account is disabled or locked, so a link into it would not work."""


class AccountClosed(Refusal):
    """The password is right, but the account is disabled, or its last day is over."""


@dataclass
class AccountLocked(Refusal):
    """The password is right, but its owner has locked the account, at this time."""

    since: datetime


class PasswordChosen(Refusal):
    """The user has already chosen a password, so there is nothing to invite to."""


class EmailTaken(Refusal):
    """Another user has this email address, perhaps in another spelling."""


class NameTaken(Refusal):
    """Another group has this name."""


class NothingToRemind(Refusal):
    """Nobody is left whom a reminder could reach today."""


class InvalidEmail(Refusal):
    """This is not an email address."""


class SetOnServer(Refusal):
    """A value of the site is in the server's settings, which count for more than what a page stores."""


class MailPasswordNeeded(Refusal):
    """There is no password for this mail server and user name, or none that can be read."""


@dataclass
class LogoRefused(Refusal):
    """A picture can't be the logo. `reason` is "too large", "too many pixels" or "no picture"."""

    reason: str


class AlreadySetUp(Refusal):
    """The site already has an administrator."""


class RotationRunning(Refusal):
    """Another process is rotating the data keys."""


@dataclass
class ImportFileRefused(Refusal):
    """A file of people can't be read. `line` is where, `most` what is allowed, `found` what is there instead.

    `reason` is "empty", "too large", "workbook", "not text", "mixed encodings", "broken row", "long cell",
    "too many columns", "too many rows", "no email column", "unread address" or "nobody named".
    """

    reason: str
    line: int = 0
    most: int = 0
    found: str = ""


class ImportRunning(Refusal):
    """Another import waits to be saved, or is being saved."""


class ImportNotReady(Refusal):
    """An import is not as far as this needs it: it is still being read, or was saved or dropped already."""


@dataclass
class ImportStale(Refusal):
    """What an import would do is not what was previewed, so nothing was saved.

    `reason` is "people" (somebody whom it would change is not as they were; `about` is the address), "groups"
    (a group was renamed or deleted; `about` is its name), "replaced group" (it was deleted), "access" (of
    who imports) or "failed" (an error that nobody foresaw, which is in the log).
    """

    reason: str
    about: str = ""


class TooManyHelpRequests(Refusal):
    """The user has asked for a reset three times within an hour."""


class HelpRequestGone(Refusal):
    """This request for a reset is not open any more: it is stopped, replaced, or too old."""


class ApprovalGone(Refusal):
    """This reset doesn't wait for an approval any more: done, stopped, refused, replaced, or too old."""


class OwnApproval(Refusal):
    """Nobody approves what they have asked for themselves."""


class AskerLostRight(Refusal):
    """Who asked for this reset may not reset this user any more."""


class ResetOfClosedAccount(Refusal):
    """The reset would wait for an approval, but its user is disabled, or has ended: nobody could stop it."""


class LockedByOwner(Refusal):
    """The user of this reset has locked the account: perhaps because of it."""


class NotARequestNumber(Refusal):
    """What was typed can't be the number of a request. It is not counted as an attempt."""


class WrongRequestNumber(Refusal):
    """No open request that the actor may see has this number."""


class HelpRequestStopped(Refusal):
    """A request for a reset was stopped through the email about it, so for a while there is no new one."""


@dataclass
class UnacceptablePassword(Refusal):
    """The password is not acceptable: `reason` is "short", "long", "known names" or "guessable"."""

    reason: str


RefusedAnswer = WrongCode | UsedCode | PasskeyRefused  # it was looked at, and is not accepted
