"""How gunicorn serves the site: what differs from its defaults, and what the site relies on."""

import os

from mfa_app.config import load_settings

bind = f"127.0.0.1:{load_settings().port}"

# Two processes, so that one slow password hash does not hold up the site; threads for what waits on the
# database. Each process makes its own app: no database connection is shared across the fork.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
preload_app = False

# A worker silent for longer than this is stuck and replaced; on stop or reload, running requests may finish.
timeout = 30
graceful_timeout = 20
# The workers' heartbeat is a file. In memory it cannot be held up by a busy disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - made by gunicorn, at random

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
