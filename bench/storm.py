"""What 200 logins at once cost someone who opens the login page: times, statuses, workers' memory."""

import http.client
import re
import statistics
import threading
import time
from collections import Counter
from urllib.parse import urlencode

from tests.support.processes import resident_kib
from tests.support.world import PASSWORD

AT_ONCE = 200
PROXIED = {"Content-Type": "application/x-www-form-urlencoded"}
Login = tuple[http.client.HTTPConnection, str, dict[str, str]]


def measure(host: str, workers: list[int]) -> None:
    """Let p0 to p199 log in at once, each from its own IP address, and request GET /login meanwhile.

    The site must trust one proxy (MFA_TRUSTED_PROXY_HOPS=1), and these users must have the usual password.
    """
    quiet, _statuses = _pages(host, [])
    ready = [_ready(host, number) for number in range(AT_ONCE)]
    before, answers = [resident_kib(pid) for pid in workers], Counter()
    storm = [threading.Thread(target=_log_in, args=(login, answers)) for login in ready]
    for thread in storm:
        thread.start()
    loud, statuses = _pages(host, storm)
    after = [resident_kib(pid) for pid in workers]
    for what, part in (("median", 50), ("95th percentile", 95)):
        slow, fast = _percentile(loud, part), _percentile(quiet, part)
        label = f"GET /login ({what}) during {AT_ONCE} logins : quiet"
        print(f"{label:<58}{slow * 1000:>13.1f} ms  {slow / fast:.1f}")
    _print_value("slowest response", f"{max(loud) * 1000:.1f} ms")
    _print_value("statuses of GET /login", _counted(statuses))
    _print_value("statuses of the logins", _counted(answers))
    for first, last in zip(before, after, strict=True):
        _print_value("memory of a worker, before and after", f"{first / 1024:.1f} and {last / 1024:.1f} MiB")


def _ready(host: str, number: int) -> Login:
    """Open the login page as one user; return everything that the login needs."""
    connection = http.client.HTTPConnection(host, timeout=120)
    headers = {**PROXIED, "X-Forwarded-For": f"198.18.0.{number}"}
    connection.request("GET", "/login", headers=headers)
    response = connection.getresponse()
    token = re.search(r'name="csrf_token" value="([^"]+)"', response.read().decode())[1]
    headers["Cookie"] = response.getheader("Set-Cookie").partition(";")[0]
    connection.close()
    fields = {"csrf_token": token, "email": f"p{number}@example.com", "password": PASSWORD}
    return connection, urlencode(fields), headers


def _log_in(login: Login, answers: Counter) -> None:
    connection, fields, headers = login
    connection.request("POST", "/login", fields, headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    answers[response.status] += 1


def _pages(host: str, storm: list[threading.Thread]) -> tuple[list[float], Counter]:
    """Request the page every 50 ms, answered or not, for one second or until the storm is over."""
    spent, statuses, requests = [], Counter(), []
    while len(requests) < 20 or any(thread.is_alive() for thread in storm):
        requests.append(threading.Thread(target=_request_page, args=(host, spent, statuses)))
        requests[-1].start()
        time.sleep(0.05)
    for thread in requests:
        thread.join()
    return spent, statuses


def _request_page(host: str, spent: list[float], statuses: Counter) -> None:
    begin = time.perf_counter()
    connection = http.client.HTTPConnection(host, timeout=120)
    connection.request("GET", "/login")
    response = connection.getresponse()
    response.read()
    connection.close()
    spent.append(time.perf_counter() - begin)
    statuses[response.status] += 1


def _percentile(spent: list[float], part: int) -> float:
    return statistics.quantiles(spent, n=100, method="inclusive")[part - 1] if len(spent) > 1 else spent[0]


def _counted(statuses: Counter) -> str:
    return ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))


def _print_value(what: str, value: str) -> None:
    print(f"{what:<58}{value:>16}")
