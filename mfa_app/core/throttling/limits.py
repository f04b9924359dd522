"""The table of limits: how many attempts are free, how long the waits are, and where it ends."""

import ipaddress
from dataclasses import dataclass, replace
from datetime import timedelta

from mfa_app.core.common.errors import AuthenticatorLocked, PasswordLocked, Refusal


@dataclass(frozen=True)
class Limit:
    """So many free tries; then a wait that doubles with each failure up to a longest one; then the end.

    A `fixed_window` limit has no waits: its count begins anew when the window since its first try is over.
    """

    name: str
    free_attempts: int
    initial_delay: timedelta = timedelta(0)
    max_delay: timedelta = timedelta(0)
    lockout_after: int | None = None
    lockout_error: type[Refusal] | None = None
    ttl: timedelta = timedelta(days=3650)
    fixed_window: bool = False

    def wait_after(self, failures: int) -> timedelta:
        """Return how long the next try has to wait after so many failures in a row."""
        if failures < self.free_attempts:
            return timedelta(0)
        doublings = min(failures - self.free_attempts, 20)
        return min(self.initial_delay * 2**doublings, self.max_delay)


# NIST SP 800-63B-4, section 3.2.2 allows 100 failures in a row; the code stops at half of that. It can be
# reached with the right password only, so stopping it locks nobody out on a stranger's whim.
CODE = Limit(
    "code", 5, timedelta(seconds=30), timedelta(hours=1), lockout_after=50, lockout_error=AuthenticatorLocked
)

# A code that fails to link an app guards nothing yet; the limit keeps the page from being a toy.
LINKING = Limit("linking", 10, timedelta(seconds=30), timedelta(minutes=15), ttl=timedelta(days=1))

# Passwords from browsers in which the owner has not been let in. Strangers share this counter, and filling it
# must not shut out the owner: a browser that is known counts by itself, and has an end too.
PASSWORD_UNKNOWN_BROWSER = Limit(
    "password",
    5,
    timedelta(seconds=5),
    timedelta(minutes=15),
    lockout_after=100,
    lockout_error=PasswordLocked,
)

PASSWORD_KNOWN_BROWSER = replace(PASSWORD_UNKNOWN_BROWSER, name="known")

# An address of nobody is counted like somebody's and as long, or waiting would tell the two apart; so that
# made-up addresses cannot fill the disk, only the latest of these counters are kept.
PASSWORD_UNKNOWN_USER = replace(PASSWORD_UNKNOWN_BROWSER, name="nobody")

MAX_UNKNOWN_USER_COUNTERS = 100_000

PASSWORD_NETWORK = Limit("address", 30, lockout_after=30, ttl=timedelta(minutes=10), fixed_window=True)

RESET_REQUESTS = Limit("reset", 10, lockout_after=10, ttl=timedelta(minutes=10), fixed_window=True)

MAIL_TO_USER = Limit("mail", 3, lockout_after=3, ttl=timedelta(hours=1), fixed_window=True)


# What is written on the trail is never taken off: a refused page may write no more than one row a minute on
# the average, yet a burst, as of somebody who looks what opens, is told row by row.
REFUSED_PAGES = Limit("refused", 60, lockout_after=60, ttl=timedelta(hours=1), fixed_window=True)

# Refuses nothing: one row that is charged where a request for an unknown address must cost a commit.
TIMING_DECOY = Limit("unknown", 1, ttl=timedelta(hours=1), fixed_window=True)


def network_of(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        parsed = parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False).network_address
    return str(parsed)
