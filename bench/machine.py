"""Where a run took place: the machine, and the versions of what was measured."""

import os
import platform
import re
import sqlite3
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("Flask", "Werkzeug", "SQLAlchemy", "gunicorn", "argon2-cffi", "psycopg")


def describe() -> dict[str, str]:
    """Return the machine, the load that it had, and the versions."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return {
        "processor": f"{os.cpu_count()} x {model[1] if model else platform.machine()}",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load before": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "versions": f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {libraries}",
    }
