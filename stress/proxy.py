"""The nginx of docs/deploy in front of the site: both gates, and everything it must block: `make proxy`.

On Debian it downloads nginx if there is none. Everything stays on the loopback.
"""

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from mfa_app import create_app
from mfa_app.cli.support.migrations import bring_to_head
from mfa_app.extensions import db
from mfa_app.settings import load_settings
from stress.nginx import Nginx, find_or_download, free_port, running
from stress.proxied import Proxied, ThroughNginx
from stress.proxy_steps import STEPS, StepFailed, one_time_link_while_gunicorn_is_down
from tests.support.clock import RealClock
from tests.support.programs import FreshProgram
from tests.support.served_site import ServedSite, serving


def main() -> None:
    """Set everything up, run every step, and exit with 1 if one fails."""
    with tempfile.TemporaryDirectory(prefix="second-gate-proxy-") as name, ExitStack() as gunicorn:
        nginx = Nginx(free_port(), free_port(), Path(name))
        program = find_or_download(nginx.folder)
        address = f"https://127.0.0.1:{nginx.port}"
        environment = {"MFA_INSTANCE_PATH": f"{name}/instance", "MFA_TRUSTED_PROXY_HOPS": "1"}
        environment["MFA_PUBLIC_URL"] = address
        app = create_app(load_settings(environment), MAIL_IN_BACKGROUND=False)
        with app.app_context():
            bring_to_head()
        site = ServedSite(
            app, environment, gunicorn.enter_context(serving(environment, program=FreshProgram))
        )
        app.wsgi_app = ThroughNginx(nginx)
        world = Proxied.of(site, RealClock(), address="127.0.0.2", base_url=address)
        world.nginx = nginx
        print(f"proxy: {program} before gunicorn, {address}", flush=True)
        with running(program, nginx, site.address):
            passed = [run_step(world, step, number) for number, step in enumerate(STEPS, 2)]
            log = (nginx.folder / "instance" / "gunicorn.log").read_text("utf-8", "replace")
            gunicorn.close()
            passed.append(run_step(world, one_time_link_while_gunicorn_is_down, 2))
        with app.app_context():
            db.engine.dispose()
    print(f"tracebacks in the server's log: {log.count('Traceback')}")
    sys.exit(not all(passed) or "Traceback" in log)


def run_step(world: Proxied, step: Callable[[Proxied], str], number: int) -> bool:
    """Run a step from its own IP address and print its result. Return True if it passed."""
    world.address = f"127.0.0.{number}"
    name = step.__name__.replace("_", " ")
    try:
        print(f"  {name}: {step(world)}", flush=True)
    except StepFailed as failure:
        print(f"  WRONG: {name}: {failure}", flush=True)
        return False
    return True


if __name__ == "__main__":
    main()
