"""The table of limits: how many attempts are free, how long the waits are, and where it ends."""

from dataclasses import dataclass, replace
from datetime import timedelta

from mfa_app.core.common.errors import AuthenticatorLocked, PasswordLocked, Refusal, TooManyHelpRequests


@dataclass(frozen=True)
class Limit:
    """A limit: `free_attempts`, then a delay that doubles with each failure, then a lockout.

    The delay grows from `initial_delay` to `max_delay`. After `lockout_after` failures, each attempt raises
    `lockout_error`, or Throttled without one. A counter is forgotten `ttl` after its last attempt. A
    `fixed_window` limit has no delays: it starts counting again `ttl` after its first attempt. A success
    clears a counter, but of a `shared` one, or of a window, it takes back only what it has added itself: the
    rest are other people's attempts.
    """

    name: str
    free_attempts: int
    initial_delay: timedelta = timedelta(0)
    max_delay: timedelta = timedelta(0)
    lockout_after: int | None = None
    lockout_error: type[Refusal] | None = None
    ttl: timedelta = timedelta(days=3650)
    fixed_window: bool = False
    shared: bool = False

    def wait_after(self, failures: int) -> timedelta:
        """Return how long the next attempt is delayed after this many failures in a row."""
        if failures < self.free_attempts:
            return timedelta(0)
        doublings = min(failures - self.free_attempts, 20)
        return min(self.initial_delay * (1 << doublings), self.max_delay)


# NIST SP 800-63B-4, section 3.2.2 allows 100 failures in a row; codes lock at half of that. Only somebody
# with the correct password gets this far, so an attacker can't use it to lock users out.
CODE = Limit(
    "code", 5, timedelta(seconds=30), timedelta(hours=1), lockout_after=50, lockout_error=AuthenticatorLocked
)

# Nobody guesses 120 random bits, so this limit only bounds the alarms. It never locks: the codes are there
# for accounts whose second factors somebody's guesses have locked.
BREAK_GLASS = Limit("break_glass", 5, timedelta(seconds=30), timedelta(hours=1), ttl=timedelta(days=1))

# A wrong code during enrolment threatens nothing yet; this limit only keeps the page from being abused.
LINKING = Limit("linking", 10, timedelta(seconds=30), timedelta(minutes=15), ttl=timedelta(days=1))

# Passwords from unknown browsers. Attackers share this counter with the owner, and filling it must not lock
# the owner out: each known browser has its own counter, which also locks. The owner's login doesn't clear it:
# it would free the attackers too, and tell them that there is an owner.
PASSWORD_UNKNOWN_BROWSER = Limit(
    "password",
    5,
    timedelta(seconds=5),
    timedelta(minutes=15),
    lockout_after=100,
    lockout_error=PasswordLocked,
    shared=True,
)

PASSWORD_KNOWN_BROWSER = replace(PASSWORD_UNKNOWN_BROWSER, name="known", shared=False)

# Unknown users are counted like known ones and for as long, or the delays would tell them apart. Only the
# newest of these counters are kept, so that made-up addresses can't fill the disk.
PASSWORD_UNKNOWN_USER = replace(PASSWORD_UNKNOWN_BROWSER, name="nobody")

MAX_UNKNOWN_USER_COUNTERS = 100_000

PASSWORD_NETWORK = Limit("address", 30, lockout_after=30, ttl=timedelta(minutes=10), fixed_window=True)

RESET_REQUESTS = Limit("reset", 10, lockout_after=10, ttl=timedelta(minutes=10), fixed_window=True)

# Each new password that a user tries is judged and hashed, which costs more than a page does.
NEW_PASSWORDS = Limit("new", 20, lockout_after=20, ttl=timedelta(hours=1), fixed_window=True)

# An office of hundreds can share one IP address. Guesses are slow there too: each account has its own limit.
KNOWN_NETWORK_FACTOR = 20

# Links for a new password, mailed to one user: for strangers together, and for each known browser.
MAIL_TO_USER = Limit("reset_mail", 3, lockout_after=3, ttl=timedelta(hours=1), fixed_window=True)

# Numbers of requests, typed by the help desk: nobody is to find one that no caller has read out.
REQUEST_NUMBERS = Limit(
    "request_number", 10, timedelta(seconds=30), timedelta(minutes=15), ttl=timedelta(days=1)
)

# Requests for a reset: each costs its owner an email and the help desk a look.
HELP_REQUESTS = Limit(
    "help_request",
    3,
    lockout_after=3,
    lockout_error=TooManyHelpRequests,
    ttl=timedelta(hours=1),
    fixed_window=True,
)


# Codes by email after a reset: whoever has the password could fill the mailbox with them.
EMAIL_CODES = Limit("email_code", 5, lockout_after=5, ttl=timedelta(hours=1), fixed_window=True)

# Rows of the trail are never deleted: refused pages may write one row a minute on average, yet a short burst,
# such as somebody probing for open pages, is recorded row by row.
REFUSED_PAGES = Limit("refused", 60, lockout_after=60, ttl=timedelta(hours=1), fixed_window=True)


def in_known_networks(limit: Limit) -> Limit:
    """Return the limit of a network as it is in known networks: 20 times as many attempts in a window."""
    attempts = limit.free_attempts * KNOWN_NETWORK_FACTOR
    return replace(limit, free_attempts=attempts, lockout_after=attempts)
