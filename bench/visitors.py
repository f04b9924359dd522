"""Visitors: someone who logs in, several who do so again and again, and several who open one page."""

import itertools
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bench.browser import Browser, Unexpected
from bench.connection import Connection
from bench.people import PASSWORD, email_of, secret_of
from tests.support.phone import Phone

Step = Callable[[str], None]


@dataclass
class Load:
    """What visitors got done: the seconds that each thing took, and the seconds that all took together."""

    taken: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """How many were done in a second."""
        return len(self.taken) / self.seconds

    @property
    def median_ms(self) -> float:
        """How long one took, in milliseconds."""
        return 1000 * statistics.median(self.taken)


class Accounts:
    """The accounts of a seeded site that can log in, each handed out once: a code is good for one login.

    The administrator is not among them.
    """

    def __init__(self, active: int) -> None:
        first = random.SystemRandom().randrange(active)  # a kept site may have been measured just now
        numbers = (1 + (first + number) % (active - 1) for number in range(active - 1))
        self._numbers, self._lock = numbers, threading.Lock()

    def take(self) -> int:
        """Return the number of an account. Raises Unexpected if all have been used."""
        with self._lock:
            number = next(self._numbers, None)
        if number is None:
            raise Unexpected("all accounts have been used: measure less at once")
        return number


def log_in(port: int, account: int, step: Step = lambda _name: None) -> Browser:
    """Log in as a browser does, with a password and a code. `step` hears when each step is done."""
    browser = Browser(port, address_of(account))
    page = browser.open("/login")
    step("login page")
    page = browser.send(page.form("password"), email=email_of(account), password=PASSWORD)
    step("password, and the code page")
    page = browser.send(page.form("code"), code=code_of(account))
    step("code, and the landing page")
    if email_of(account) not in page.text:
        raise Unexpected(f"{page.path} does not say that {email_of(account)} is logged in")
    return browser


def code_of(account: int) -> str:
    """Return the code that the app of an account shows now."""
    return Phone(f"otpauth://totp/bench?secret={secret_of(account)}", lambda: datetime.now(UTC)).code()


def address_of(account: int) -> str:
    """Return an IP address in a network of its own, so that limits by network see many visitors."""
    return f"127.{1 + account % 200}.{account // 200 % 250}.7"


def log_in_again_and_again(port: int, accounts: Accounts, visitors: int, logins: int) -> Load:
    """Let visitors log in, each again at once, until there were so many logins. Raises Unexpected."""
    left = itertools.count(1)

    def visits() -> Iterator[None]:
        while next(left) <= logins:
            log_in(port, accounts.take()).close()
            yield

    return _together([visits() for _ in range(visitors)])


def open_again_and_again(
    port: int, request: bytes, connections: int, seconds: float, at_least: int = 1
) -> Load:
    """Let connections send one request, each again as soon as it is answered. Raises Unexpected."""
    end = time.perf_counter() + seconds

    def visits() -> Iterator[None]:
        connection, count = Connection(port), itertools.count(1)
        while time.perf_counter() < end or next(count) <= at_least:
            reply = connection.ask(request)
            if reply.status != 200:
                raise Unexpected(f"{request[:60]!r}: {reply.status}")
            yield
        connection.close()

    return _together([visits() for _ in range(connections)])


def _together(visitors: list[Iterator[None]]) -> Load:
    """Run through all iterators at once, and note how long each step takes. Raises what they raise."""
    load, failed = Load(), list[Exception]()

    def run(visits: Iterator[None]) -> None:
        last = time.perf_counter()
        try:
            for _done in visits:
                now = time.perf_counter()
                load.taken.append(now - last)
                last = now
                if failed:
                    return
        except (Unexpected, OSError, EOFError) as error:
            failed.append(error)

    began = time.perf_counter()
    threads = [threading.Thread(target=run, args=(visits,)) for visits in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - began
    if failed:
        raise failed[0]
    return load
