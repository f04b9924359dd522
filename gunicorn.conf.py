"""How gunicorn serves the site: where it listens, with how many processes, and what it relies on."""

from importlib import import_module

from gunicorn.sock import create_sockets

from mfa_app import master

plan = master.plan()

bind = f"{master.HOST}:{plan.port}"
backlog = master.BACKLOG

# Two processes, so that one slow password hash does not hold up the site; threads for what waits on the
# database, and four that no password ever waits in. Each process imports the site and makes its own app: no
# database connection is shared across the fork, and the master stays small.
workers = plan.workers
worker_class = "gthread"
threads = plan.threads
preload_app = False

# A worker silent for longer than this is stuck and replaced; on stop or reload, running requests may finish.
timeout = 30
graceful_timeout = 20
worker_tmp_dir = master.SHARED_MEMORY

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
    held = master.sockets_to_listen_on(gunicorn.cfg.address, plan.port)
    if held:
        gunicorn.LISTENERS = create_sockets(gunicorn.cfg, gunicorn.log, held)
    gunicorn.running = master.start()


def post_fork(_gunicorn, _worker):
    """Import the site in the worker; add up what all workers count."""
    in_worker().count_together()


def post_worker_init(worker):
    """Answer bad requests as the site does, print the trail on the standard output, start the timed work."""
    in_worker().answer_refused_requests(worker.wsgi)
    in_worker().print_trail()
    in_worker().start_jobs(worker.wsgi)


def worker_exit(_gunicorn, worker):
    """Let the job that is running end, so that no mail is sent twice."""
    in_worker().stop_jobs(getattr(worker, "wsgi", None))


def on_exit(_gunicorn):
    """Delete the counters."""
    master.end()


def in_worker():
    """Return what the site does in a worker. The master never calls this, to stay without the site."""
    return import_module("mfa_app.server")
