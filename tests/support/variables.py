"""What a test tells the sites that it serves, by environment variables that those in tests/support read."""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from mmap import ACCESS_READ, mmap
from pathlib import Path

from flask import Flask
from jinja2 import FileSystemBytecodeCache

from mfa_app.core.passwords.hashing import COST, HashCost
from tests.support.clock import EPOCH

HANDS, HASHES, COMPILED = "CLOCK_OF_THE_TESTS", "HASHES_OF_THE_TESTS", "TEMPLATES_OF_THE_TESTS"
CHEAP = HashCost(memory_kib=8, passes=1)
OFTEN, LEASE = timedelta(seconds=0.5), timedelta(seconds=4)  # of the jobs of a served node
CHEAP_HASHES, TRUE_HASHES = {HASHES: "cheap"}, {HASHES: "true"}


def cost_in(environment: Mapping[str, str]) -> HashCost:
    """Return what a hash costs under these settings: the true cost, unless they say that it is not tested."""
    return CHEAP if environment.get(HASHES) == "cheap" else COST


def time_shown() -> datetime:
    """Return the time that the clock of the tests shows to this process."""
    return EPOCH + timedelta(microseconds=_hands()[0])


def times_put_back() -> int:
    """Return how often a database has been put back under a served site."""
    return int(_hands()[1])


@cache
def _hands() -> memoryview:
    with Path(os.environ[HANDS]).open("rb") as file:
        return memoryview(mmap(file.fileno(), 16, access=ACCESS_READ)).cast("q")


def with_compiled_templates(app: Flask) -> Flask:
    """Return an application that compiles no template which another has compiled: each takes 12 ms."""
    if COMPILED in os.environ:
        app.jinja_env.bytecode_cache = FileSystemBytecodeCache(os.environ[COMPILED])
    return app
