"""How gunicorn serves the site: the settings that differ from its defaults, and why."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

# Workers' heartbeats and the counters of /metrics are in memory, so that a busy disk can't delay them.
SHARED_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - file names in it are random
COUNTERS = "second-gate-metrics-"


def folder_of_counters():
    """Create and return a folder for this server's counters. Remove those that killed servers left behind."""
    folder = Path(SHARED_MEMORY or tempfile.gettempdir())
    for found in folder.glob(f"{COUNTERS}*"):
        pid = found.name.removeprefix(COUNTERS).partition("-")[0]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(found, ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"{COUNTERS}{os.getpid()}-", dir=folder)


# prometheus_client reads this variable on import. A reload (HUP) reads this file again and keeps the folder;
# a new server that takes over from this one (USR2) gets its own.
if f"{COUNTERS}{os.getpid()}-" not in os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""):
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder_of_counters()

from prometheus_client.multiprocess import mark_process_dead  # noqa: E402

from mfa_app import server as site_server  # noqa: E402
from mfa_app.core.keys.keyring import load_keys  # noqa: E402
from mfa_app.core.passwords.hashing import QUEUE_LIMIT  # noqa: E402
from mfa_app.settings import SettingError, load_settings  # noqa: E402


def on_exit(_server=None):
    """Remove the counters, so that the next start counts from zero."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


# A wrong setting ends the start here with one sentence. In a worker it would fail again and again for ever.
try:
    settings = load_settings()
    load_keys(settings)
except SettingError as error:
    on_exit()
    sys.exit(str(error))

bind = f"127.0.0.1:{settings.port}"

# Two processes, so that one slow password hash doesn't hold up the site. Threads for requests that wait for
# the database or a password hash, plus four that never wait for a hash. Each process creates its own app, so
# that no database connection is shared across the fork.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = QUEUE_LIMIT + 4
preload_app = False

# Seconds: a worker that is silent for 30 is replaced; on stop or reload, running requests get 20 to finish.
timeout = 30
graceful_timeout = 20
worker_tmp_dir = SHARED_MEMORY

# The client's IP address and the scheme are decided in one place: the application's ProxyFix, according to
# MFA_TRUSTED_PROXY_HOPS. By default gunicorn trusts X-Forwarded-Proto, SCRIPT_NAME and PATH_INFO from
# 127.0.0.1 and, on a UNIX socket, from everybody. So all three lists are empty.
forwarded_allow_ips = ""
secure_scheme_headers = {}
forwarder_headers = ""
# X_Forwarded_For would become the same variable as X-Forwarded-For: drop headers with an underscore.
header_map = "drop"

# Longer request lines get 414, and more or larger headers 431, before they reach the application.
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# No access log: the audit trail records who did what, and URLs can contain one-time links.
accesslog = None
# No control socket in the home folder; signals are enough.
control_socket_disable = True


def on_starting(server):
    """Start only if the database is migrated and the keys match. Otherwise exit with one sentence."""
    try:
        server.running = site_server.start(settings)
    except SystemExit:
        on_exit()
        raise


def post_worker_init(_worker):
    """Print new rows of the audit trail to standard output, one line of JSON each."""
    site_server.print_trail()


def child_exit(_server, worker):
    """Keep the counts of a worker that has ended in the totals."""
    mark_process_dead(worker.pid)
