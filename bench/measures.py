"""Measures that several rounds repeat: each returns one sample."""

import os
import threading
import time

from argon2 import PasswordHasher

from bench.browser import Browser
from bench.people import PASSWORD
from bench.resources import Processor
from bench.results import Sample
from bench.servers import Server
from bench.visitors import Accounts, Load, log_in_again_and_again, open_again_and_again
from mfa_app.core.passwords.hashing import COST


def hashes(seconds: float) -> Sample:
    """Verify passwords on all cores, with nothing around it: more logins than that are impossible."""
    hasher = PasswordHasher(memory_cost=COST.memory_kib, time_cost=COST.passes, parallelism=1)
    hashed, end = hasher.hash(PASSWORD), time.perf_counter() + seconds
    load, spent = Load(seconds=seconds), []

    def work() -> None:
        cpu = time.thread_time()
        while (began := time.perf_counter()) < end:
            hasher.verify(hashed, PASSWORD)
            load.taken.append(time.perf_counter() - began)
        spent.append(time.thread_time() - cpu)

    threads = [threading.Thread(target=work) for _ in range(os.cpu_count() or 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _sample(load, 1000 * sum(spent))


def logins(server: Server, accounts: Accounts, *, visitors: int, count: int) -> Sample:
    """Let visitors log in, so many times in all."""
    processor = Processor(server.pid)
    load = log_in_again_and_again(server.port, accounts, visitors, count)
    return _sample(load, processor.spent_ms())


def page(
    server: Server, path: str, browser: Browser, *, connections: int, seconds: float, at_least: int = 1
) -> Sample:
    """Open a page again and again, on so many connections, as this browser would."""
    request, processor = browser.request("GET", path), Processor(server.pid)
    load = open_again_and_again(server.port, request, connections, seconds, at_least)
    return _sample(load, processor.spent_ms())


def _sample(load: Load, cpu_ms: float) -> Sample:
    return Sample(round(load.rate, 2), round(load.median_ms, 3), round(cpu_ms / len(load.taken), 4))
