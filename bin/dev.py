"""`make dev`: the demo's company on a server that reloads changes, with its emails in the terminal."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from email import message_from_bytes, policy
from pathlib import Path

from mfa_app.master import hold_port
from mfa_app.server import settings_to_serve_with
from mfa_app.settings import PROJECT_ROOT

FLASK = [sys.executable, "-m", "flask", "--app"]
# The jobs run in gunicorn's workers, which are not started here, so emails leave with the response.
APPLICATION = "mfa_app:create_app(MAIL_IN_BACKGROUND=False)"
LOOK_EVERY_SECONDS = 0.5
RULER = "-" * 72


def main() -> None:
    """Create the company if it is missing, print its logins and serve it until Ctrl-C."""
    os.environ.setdefault("MFA_INSTANCE_PATH", str(PROJECT_ROOT / "instance" / "demo"))
    settings = settings_to_serve_with()
    held = hold_port(settings.port)
    demo = subprocess.run([sys.executable, "-m", "mfa_app", "demo"], check=False)
    if demo.returncode:
        sys.exit(demo.returncode)
    outbox = settings.instance_path / "outbox"
    threading.Thread(target=print_emails, args=(outbox,), daemon=True).start()
    held.close()  # the server that reloads opens its own
    _serve(settings.port)


def _serve(port: int) -> None:
    """Run the server until Ctrl-C, then end its whole group: its processes don't end each other."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = subprocess.Popen(_server(port), start_new_session=True)
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(server.wait())
    os.killpg(server.pid, signal.SIGTERM)


def _server(port: int) -> list[str]:
    """Return the command. It has no debugger in the browser, which would run any code."""
    static = map(str, sorted((PROJECT_ROOT / "mfa_app" / "static").iterdir()))
    reload = ["--extra-files", os.pathsep.join(static)]
    return [*FLASK, APPLICATION, "--debug", "run", "--port", str(port), "--no-debugger", *reload]


def print_emails(outbox: Path) -> None:
    """Print the text of every email that is written to this folder from now on."""
    printed = set(outbox.glob("*.eml"))
    while True:
        time.sleep(LOOK_EVERY_SECONDS)
        for path in sorted(set(outbox.glob("*.eml")) - printed):
            if time.time() - path.stat().st_mtime > LOOK_EVERY_SECONDS:  # it is complete
                printed.add(path)
                print(as_text(path.read_bytes()), flush=True)


def as_text(content: bytes) -> str:
    """Return an email as the terminal shows it: recipient, subject and text."""
    message = message_from_bytes(content, policy=policy.default)
    body = message.get_body(("plain",))
    text = body.get_content().strip() if body is not None else ""
    return f"{RULER}\nTo: {message['To']}\nSubject: {message['Subject']}\n\n{text}\n{RULER}"


if __name__ == "__main__":
    main()
