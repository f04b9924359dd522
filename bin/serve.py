"""`make run` and `make demo`: hold the port, let a command of the site prepare it, then become gunicorn.

Nothing is printed before the port is held: a set-up link of a site that then doesn't start leads nowhere. All
three share one process and its children, because importing the site takes a second.
"""

import multiprocessing
import os
import sys
from functools import partial

import gunicorn.app.wsgiapp

from mfa_app import __main__ as program
from mfa_app.master import HELD_SOCKET, hold_port
from mfa_app.server import settings_to_serve_with

GUNICORN = ["gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"]


def main() -> None:
    """Run `second-gate` with the arguments, and serve the site if that succeeds."""
    held = hold_port(settings_to_serve_with().port)
    try:
        failed = _run_command(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("Stopped before the site was ready.")
    if failed:
        sys.exit(failed)
    os.environ[HELD_SOCKET] = str(held.detach())
    sys.argv = GUNICORN
    gunicorn.app.wsgiapp.run()


def _run_command(words: list[str]) -> int | None:
    """Run a command of the site in a child, which makes its own application; return its exit code."""
    run = partial(program.main, words)
    child = multiprocessing.get_context("fork").Process(target=run, daemon=True)
    child.start()
    child.join()
    return child.exitcode


if __name__ == "__main__":
    main()
