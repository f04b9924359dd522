"""Eight users log in for minutes while policies change, apps are reset and workers killed: `make soak`.

Afterwards the trail is compared with what the browsers saw and with the lines on standard output. The clock
and the codes are real. DATABASE=postgresql starts its own PostgreSQL.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mfa_app import create_app
from mfa_app.settings import PROJECT_ROOT, load_settings
from stress.browser import Browser
from stress.company import create_company
from stress.users import Soak
from stress.verdict import lines, report
from stress.workers import WorkerKiller
from tests.support.postgres import running_postgres
from tests.support.programs import FreshProgram
from tests.support.served_site import serving

MINUTES = float(os.environ.get("MINUTES", "10"))
KILL_EVERY = float(os.environ.get("KILL_EVERY", "5"))
SEED = int(os.environ.get("SEED", str(random.SystemRandom().randrange(10**9))))


def main() -> None:
    """Run, print the numbers, and exit with 1 if anything is wrong."""
    with tempfile.TemporaryDirectory(prefix="second-gate-soak-") as folder, database() as address:
        environment = {"MFA_INSTANCE_PATH": folder, "MFA_TRUSTED_PROXY_HOPS": "1"}
        environment["MFA_APPROVE_RESETS"] = "no"  # dave resets the same people again and again
        environment |= {"MFA_DATABASE_URL": address} if address else {}
        app = create_app(load_settings(environment), MAIL_IN_BACKGROUND=False)
        accounts, staff, group_ids = create_company(app)
        killer = WorkerKiller(KILL_EVERY, random.Random(SEED))
        with serving(environment, program=FreshProgram) as site:
            kind = "PostgreSQL" if address else "SQLite"
            print(f"soak: {MINUTES:g} minutes, seed {SEED}, {kind}", flush=True)
            soak, began = Soak(site, accounts, staff, group_ids, SEED), time.monotonic()
            soak.run(killer, MINUTES * 60)
            took = time.monotonic() - began
            ready = Browser(site, "127.0.0.1").open("/readyz").status
        wrong = report(app, soak, killer, took)
        wrong += [f"/readyz answers {ready}"] if ready != 200 else []
        code, output = run_command(environment, "audit", "verify")
        print(f"  audit verify: exit {code}: {output.splitlines()[-1] if output else ''}")
        log = (Path(folder) / "gunicorn.log").read_text("utf-8", "replace")
        wrong += lines(app, log)
        wrong += [f"audit verify: {output}"] if code else []
        wrong += [f"{log.count('Traceback')} tracebacks in the log"] if "Traceback" in log else []
        keep_log(log, wrong)
    print("\n".join(["WRONG:", *wrong[:50]]) if wrong else "No problems.")
    sys.exit(bool(wrong))


@contextmanager
def database() -> Iterator[str]:
    """Yield the URL of the database that DATABASE names, or None for SQLite."""
    named = os.environ.get("DATABASE", "")
    if named != "postgresql":
        yield named
        return
    with running_postgres() as address:
        yield address


def run_command(environment: dict[str, str], *words: str) -> tuple[int, str]:
    """Run a command of the site; return its exit code and output."""
    command = [sys.executable, "-m", "mfa_app", *words]
    done = subprocess.run(
        command,
        cwd=PROJECT_ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def keep_log(log: str, wrong: list[str]) -> None:
    """Keep the server's log if something is wrong."""
    if wrong:
        path = Path(tempfile.gettempdir()) / f"second-gate-soak-{SEED}.log"
        with suppress(OSError):
            path.write_text(log, "utf-8")
            print(f"  the server's log is in {path}")


if __name__ == "__main__":
    main()
