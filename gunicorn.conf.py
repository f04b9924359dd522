"""How gunicorn serves the site: what differs from its defaults, and what the site relies on."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

# In memory, where a busy disk holds nothing up: the workers' heartbeat, and what they count for /metrics.
SHARED_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - names there are made at random
COUNTERS = "second-gate-metrics-"


def folder_of_counters():
    """Return a folder for this server's counters; one that a killed server left behind goes."""
    folder = Path(SHARED_MEMORY or tempfile.gettempdir())
    for found in folder.glob(f"{COUNTERS}*"):
        pid = found.name.removeprefix(COUNTERS).partition("-")[0]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(found, ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"{COUNTERS}{os.getpid()}-", dir=folder)


# The counters look for their folder when they are imported. A reload reads this file again and counts on;
# a new server that takes over from this one (USR2) counts by itself.
if f"{COUNTERS}{os.getpid()}-" not in os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder_of_counters()

from prometheus_client.multiprocess import mark_process_dead  # noqa: E402

from mfa_app import server as site  # noqa: E402
from mfa_app.core.keys.keyring import load_keys  # noqa: E402
from mfa_app.core.passwords.hashing import QUEUE_LIMIT  # noqa: E402
from mfa_app.settings import (
    SettingError,
    load_settings,
)


def on_exit(_server=None):
    """Take away what has been counted: the next start counts from nothing."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


# A wrong setting stops the start here, in a sentence; found by a worker, it would be found again for ever.
try:
    settings = load_settings()
    load_keys(settings)
except SettingError as error:
    on_exit()
    sys.exit(str(error))

bind = f"127.0.0.1:{settings.port}"

# Two processes, so that one slow password hash does not hold up the site; threads for what waits on the
# database, and four that no password ever waits in. Each process makes its own app: no database connection is
# shared across the fork.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = QUEUE_LIMIT + 4
preload_app = False

# A worker silent for longer than this is stuck and replaced; on stop or reload, running requests may finish.
timeout = 30
graceful_timeout = 20
worker_tmp_dir = SHARED_MEMORY

# Who is asking, and over http or https, is decided once: by the application's ProxyFix, as
# MFA_TRUSTED_PROXY_HOPS says. Left alone, gunicorn would believe X-Forwarded-Proto, SCRIPT_NAME and PATH_INFO
# from 127.0.0.1, and from everybody where it listens on a UNIX socket; so all three lists are emptied.
forwarded_allow_ips = ""
secure_scheme_headers = {}
forwarder_headers = ""
# X_Forwarded_For would become the same variable as X-Forwarded-For: headers with an underscore are dropped.
header_map = "drop"

# A longer request line gets 414, larger or more headers 431, before the application sees anything.
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# No access log: the audit trail tells who did what, and addresses can carry single-use links.
accesslog = None
# No door for remote control in the home folder; signals do.
control_socket_disable = True


def on_starting(server):
    """Start on nothing but a database at head that the keys fit; else end with a sentence."""
    try:
        server.running = site.start(settings)
    except SystemExit:
        on_exit()
        raise


def post_worker_init(_worker):
    """Print the audit trail on the standard output, one line of JSON an event."""
    site.print_trail()


def child_exit(_server, worker):
    """Let the numbers of a worker that is gone stay in the sums."""
    mark_process_dead(worker.pid)
