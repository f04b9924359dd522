"""What the processes of the server don't import: each of them would have it in memory once more."""

import json
import os
import subprocess
import sys
from pathlib import Path

from mfa_app.settings import PROJECT_ROOT

MODULES = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
# Lists of passwords and words, what draws QR codes, and what migrates a database: 30 MiB that no login needs.
FOR_NO_LOGIN = {"zxcvbn", "qrcode", "PIL", "alembic", "mako", "flask_migrate"}
OF_THE_SITE = {"flask", "sqlalchemy", "pydantic", "cryptography", "jinja2"}


def run(program: str, instance: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a new process, with the settings of a site."""
    environment = {**os.environ, "MFA_INSTANCE_PATH": str(instance), "PORT": "8123", "WEB_CONCURRENCY": "3"}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True)


def imported_by(program: str, instance: Path) -> set[str]:
    """Return the packages that a new process has in memory after this program."""
    ended = run(f"{program}; {MODULES}", instance)
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout))


def test_the_master_learns_how_to_serve_and_has_nothing_of_the_site_in_memory(tmp_path: Path) -> None:
    program = (
        "from mfa_app.master import plan; found = plan(); assert (found.port, found.workers) == (8123, 3)"
    )
    found = imported_by(program, tmp_path)
    assert "mfa_app" in found and not found & (OF_THE_SITE | FOR_NO_LOGIN)


def test_a_worker_starts_without_what_no_login_needs(tmp_path: Path) -> None:
    asked_if_ready = "wsgi.app.test_client().get('/readyz', base_url='http://127.0.0.1:8123')"
    found = imported_by(f"import wsgi, mfa_app.server; assert {asked_if_ready}.status_code == 503", tmp_path)
    assert found >= OF_THE_SITE and not found & FOR_NO_LOGIN


def test_the_program_prints_its_version_without_the_site(tmp_path: Path) -> None:
    prints = "from mfa_app.__main__ import program; program(['--version'], standalone_mode=False)"
    quietly = f"import io, sys; kept = sys.stdout; sys.stdout = io.StringIO(); {prints}; sys.stdout = kept"
    found = imported_by(quietly, tmp_path)
    assert "flask" in found and not found & {"sqlalchemy", "pydantic", "cryptography", *FOR_NO_LOGIN}


def test_a_fault_in_the_child_ends_the_master_and_is_written_down_once(tmp_path: Path) -> None:
    program = "import sys; sys.modules['mfa_app.server'] = None; from mfa_app.master import plan; plan()"
    ended = run(program, tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.count("ModuleNotFoundError") == ended.stderr.count("Traceback") == 1
