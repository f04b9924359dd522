"""`make run` and `make demo`: hold the port, let a command of the site prepare it, then become gunicorn.

Nothing is printed before the port is held: a set-up link of a site that then doesn't start leads nowhere.
"""

import os
import subprocess
import sys
from pathlib import Path

from mfa_app.server import HELD_SOCKET, hold_port, settings_to_serve_with

GUNICORN = [str(Path(sys.executable).with_name("gunicorn")), "--config", "gunicorn.conf.py", "wsgi:app"]


def main() -> None:
    """Run `flask --app wsgi` with the arguments, and serve the site if that succeeds."""
    held = hold_port(settings_to_serve_with().port)
    try:
        subprocess.run([sys.executable, "-m", "flask", "--app", "wsgi", *sys.argv[1:]], check=True)
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
    except KeyboardInterrupt:
        sys.exit("Stopped before the site was ready.")
    held.set_inheritable(True)
    os.environ[HELD_SOCKET] = str(held.fileno())
    os.execv(GUNICORN[0], GUNICORN)  # noqa: S606 - its arguments are fixed


if __name__ == "__main__":
    main()
