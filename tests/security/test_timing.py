"""G. Mailed links: eve measures how busy the site is after she has asked for a link."""

import http.client
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.browser import Visitor
from tests.support.clock import RealClock
from tests.support.processes import workers_of
from tests.support.served_site import served_site
from tests.support.variables import CHEAP_HASHES
from tests.support.world import World

OF_EACH = 60
LOOKS = 15  # at a static file, after each request
# Of two equal distributions of 60 values the AUC is 0.5 ± 0.053; this leaves almost five standard deviations.
NEAR_HALF = 0.25


@pytest.fixture
def busy_world(environment: dict[str, str]) -> Iterator[World]:
    """The site as it is run: its mail leaves in a thread, by the machine's clock, behind a proxy."""
    settings = {"MFA_TRUSTED_PROXY_HOPS": "1", "WEB_CONCURRENCY": "1", **CHEAP_HASHES}
    settings["MFA_PUBLIC_URL"] = "http://127.0.0.1:8000"
    with served_site({**environment, **settings}, "wsgi:app") as site:
        yield World.of(site, RealClock())


def work_of(world: World) -> int:
    """Return how many nanoseconds of work the site has done so far, in all threads of its workers."""
    (worker,) = workers_of(str(world.site.folder))
    spent = (path.read_text("ascii").split()[0] for path in Path(f"/proc/{worker}/task").glob("*/schedstat"))
    return sum(map(int, spent))


def after_asking(world: World, visitor: Visitor, email: str) -> tuple[float, int]:
    """Ask for a link. Return how long the site then takes to send a static file a few times, and its work.

    Eve sees the one; the other is what causes it, and doesn't depend on what else this machine does.
    """
    line = http.client.HTTPConnection(urlsplit(world.site.address).netloc)
    visitor.submit("/password/forgotten", email=email)
    began, work = time.perf_counter(), work_of(world)
    for _ in range(LOOKS):
        line.request("GET", "/static/site.css", headers={"Host": "127.0.0.1:8000"})
        line.getresponse().read()
    line.close()
    return time.perf_counter() - began, work_of(world) - work


def auc(first: Sequence[float], second: Sequence[float]) -> float:
    """Return how probable it is that a value of the first list is greater than one of the second."""
    greater = sum((one > other) + (one == other) / 2 for one in first for other in second)
    return greater / len(first) / len(second)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_how_busy_the_site_is_does_not_tell_who_has_an_account(busy_world: World) -> None:
    """Attack 64: a mail composed right after the answer would slow down whatever eve asks for next."""
    known = busy_world.newcomers(OF_EACH)
    asked = [(name, True) for name in known] + [(f"nobody{number}", False) for number in range(OF_EACH)]
    random.Random(64).shuffle(asked)
    eve = busy_world.visitor()
    eve.open("/password/forgotten")
    found: dict[bool, list[tuple[float, int]]] = {True: [], False: []}
    for number, (name, has_account) in enumerate(asked):
        visitor = eve.copy(f"198.51.100.{number}")
        found[has_account].append(after_asking(busy_world, visitor, f"{name}@example.com"))
    for measured in (0, 1):
        known_users, nobody = ([values[measured] for values in found[has]] for has in (True, False))
        assert abs(auc(known_users, nobody) - 0.5) < NEAR_HALF
