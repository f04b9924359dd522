"""How gunicorn serves the site: where it listens, with how many processes, and what it relies on."""

from gunicorn.sock import create_sockets

from mfa_app import server as site_server
from mfa_app.core.passwords.hashing import QUEUE_LIMIT

settings = site_server.settings_to_serve_with()

bind = f"{site_server.HOST}:{settings.port}"
backlog = site_server.BACKLOG

# Two processes, so that one slow password hash does not hold up the site; threads for what waits on the
# database, and four that no password ever waits in. Each process makes its own app: no database connection is
# shared across the fork.
workers = settings.workers
worker_class = "gthread"
threads = QUEUE_LIMIT + 4
preload_app = False

# A worker silent for longer than this is stuck and replaced; on stop or reload, running requests may finish.
timeout = 30
graceful_timeout = 20
worker_tmp_dir = site_server.SHARED_MEMORY

# Who is asking, and over http or https, is decided once: by the application's ProxyFix, as
# MFA_TRUSTED_PROXY_HOPS says. Left alone, gunicorn would believe X-Forwarded-Proto, SCRIPT_NAME and PATH_INFO
# from 127.0.0.1, and from everybody where it listens on a UNIX socket; so all three lists are emptied.
forwarded_allow_ips = ""
secure_scheme_headers = {}
forwarder_headers = ""
# X_Forwarded_For would become the same variable as X-Forwarded-For: headers with an underscore are dropped.
header_map = "drop"

# A longer request line gets 414, larger or more headers 431, before the application sees anything. The page
# for 431 says to delete cookies, since those of a whole domain can be larger.
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# No access log: the audit trail tells who did what, and addresses can carry single-use links.
accesslog = None
# No door for remote control in the home folder; signals do.
control_socket_disable = True


def on_starting(gunicorn):
    """Start on nothing but a free port and a database at head that the keys fit; else end with a sentence."""
    held = site_server.sockets_to_listen_on(gunicorn.cfg.address, settings)
    if held:
        gunicorn.LISTENERS = create_sockets(gunicorn.cfg, gunicorn.log, held)
    gunicorn.running = site_server.start(settings)


def post_worker_init(worker):
    """Answer bad requests as the site does, print the trail on the standard output, start the timed work."""
    site_server.answer_refused_requests(worker.wsgi)
    site_server.print_trail()
    site_server.start_jobs(worker.wsgi)


def worker_exit(_gunicorn, worker):
    """Let the job that is running end, so that no mail is sent twice."""
    site_server.stop_jobs(getattr(worker, "wsgi", None))


def child_exit(_gunicorn, worker):
    """Keep what the worker counted."""
    site_server.worker_ended(worker.pid)


def on_exit(_gunicorn):
    """Delete the counters."""
    site_server.end()
