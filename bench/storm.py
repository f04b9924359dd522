"""What two hundred logins at once cost someone who opens the login page."""

import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterable

from bench.browser import Browser, Form
from bench.people import PASSWORD, email_of
from bench.servers import Server
from bench.visitors import Accounts, address_of
from tests.support.processes import children, resident_kib

AT_ONCE = 200
EVERY_SECONDS = 0.05
QUIET_REQUESTS = 20

Login = tuple[Browser, Form, str]


def measure(server: Server, accounts: Accounts) -> dict[str, str]:
    """Let 200 people send their password at once; open the login page meanwhile. Return what that took."""
    quiet, _statuses = _open_pages(server, [])
    ready = [_ready(server, accounts.take()) for _ in range(AT_ONCE)]
    before, answers = _memory(server), Counter[int]()
    storm = [threading.Thread(target=_send_password, args=(login, answers)) for login in ready]
    for thread in storm:
        thread.start()
    loud, statuses = _open_pages(server, storm)
    return {
        "login page before, median": f"{_percentile(quiet, 50):.0f} ms",
        "login page meanwhile, median": f"{_percentile(loud, 50):.0f} ms",
        "login page meanwhile, 95 %": f"{_percentile(loud, 95):.0f} ms",
        "login page meanwhile, slowest": f"{1000 * max(loud):.0f} ms",
        "statuses of the login page": _counted(statuses),
        "statuses of the logins": _counted(answers),
        "memory of the workers before": before,
        "memory of the workers after": _memory(server),
    }


def _ready(server: Server, account: int) -> Login:
    """Open the login page as one user; return everything that the login needs."""
    browser = Browser(server.port, address_of(account))
    form = browser.open("/login").form("password")
    browser.close()
    return browser, form, email_of(account)


def _send_password(login: Login, answers: Counter[int]) -> None:
    browser, form, email = login
    answers[browser.post(form, email=email, password=PASSWORD).status] += 1
    browser.close()


def _open_pages(server: Server, storm: list[threading.Thread]) -> tuple[list[float], Counter[int]]:
    """Open the page every 50 ms, answered or not, for one second or until the storm is over."""
    spent, statuses, visits = list[float](), Counter[int](), list[threading.Thread]()

    def visit() -> None:
        began, browser = time.perf_counter(), Browser(server.port)
        statuses[browser.ask("GET", "/login").status] += 1
        spent.append(time.perf_counter() - began)
        browser.close()

    while len(visits) < QUIET_REQUESTS or any(thread.is_alive() for thread in storm):
        visits.append(threading.Thread(target=visit))
        visits[-1].start()
        time.sleep(EVERY_SECONDS)
    for thread in visits:
        thread.join()
    return spent, statuses


def _memory(server: Server) -> str:
    held: Iterable[int | None] = map(resident_kib, children(server.pid))
    return " and ".join(f"{kib / 1024:.0f} MiB" for kib in held if kib)


def _percentile(spent: list[float], part: int) -> float:
    return 1000 * statistics.quantiles(spent, n=100, method="inclusive")[part - 1]


def _counted(statuses: Counter[int]) -> str:
    return ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
