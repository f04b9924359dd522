"""Wapiti crawls and attacks the demo's company, over TLS, as three users: `make wapiti`.

Modules that contact other machines are left out. Any finding above "informational" exits with 1. CRAWL=120
and SECONDS=60 set how many seconds it crawls and each module attacks, for each of the three users. One user
should take less than 20 minutes: after that an administrator has to enter a code again.
"""

import json
import os
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPSHandler, Request, build_opener

from mfa_app.settings import PROJECT_ROOT
from stress.browser import Response
from tests.support.phone import Phone

WHO = {"a visitor": None, "staff": "carla@firma.example", "an administrator": "ada@firma.example"}
MODULES = (
    "backup,blindsql,cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,methods,permanentxss,"
    "redirect,sql,xss"
)
CRAWL_SECONDS = int(os.environ.get("CRAWL", "120"))
ATTACK_SECONDS = int(os.environ.get("SECONDS", "60"))
ALL_SECONDS = (
    CRAWL_SECONDS + len(MODULES.split(",")) * ATTACK_SECONDS + 300
)  # each part may finish one request late
EXCLUDED = (
    "/logout",
    "/account/lock",
    "/account/sessions/*",
    "/static/*",
)  # the first three would end the session
# Debian's Wapiti 3.0.4 can't exclude URLs under Python 3.11, because it puts the pattern's flags last.
RUN = """
import fnmatch, re, wapitiCore.net.crawler
wapitiCore.net.crawler.wildcard_translate = lambda pattern: re.compile(fnmatch.translate(pattern))
from wapitiCore.main.wapiti import wapiti_main
wapiti_main()
"""
LEVELS = ("informational", "low", "medium", "high", "critical")


def main() -> None:
    """Crawl as each of the three users, print the findings, and exit with 1 if any is above informational."""
    install()
    worst = 0
    with tempfile.TemporaryDirectory(prefix="second-gate-wapiti-") as name:
        folder = Path(name)
        with demo(folder) as site:
            for who, email in WHO.items():
                cookies = folder / "cookies.json"
                held = cookies_of(site, folder, email) if email else {}
                cookies.write_text(json.dumps({"127.0.0.1": {"/": held}}))
                worst = max(worst, print_findings(who, attack(site, folder, cookies)))
        log = (folder / "gunicorn.log").read_text("utf-8", "replace")
        print(f"tracebacks in the server's log: {log.count('Traceback')}")
        if "Traceback" in log:
            print(log[log.index("Traceback") :][:3000])
    sys.exit(worst > 0 or "Traceback" in log)


def install() -> None:
    """Make sure that Wapiti is installed."""
    if shutil.which("wapiti"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit("Wapiti is missing. On Debian: apt install wapiti")
    print("Installing Wapiti ...")
    for words in (["update"], ["install", "--yes", "--no-install-recommends", "wapiti"]):
        subprocess.run(["apt-get", "-qq", *words], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """Serve the demo's company over TLS, with a self-signed certificate."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    site = f"https://127.0.0.1:{port}"
    values = {name: value for name, value in os.environ.items() if not name.startswith("MFA_")}
    values |= {"MFA_INSTANCE_PATH": str(folder / "instance"), "MFA_PUBLIC_URL": site, "PORT": str(port)}
    run = {"cwd": PROJECT_ROOT, "env": values}
    python = [sys.executable, "-m"]
    subprocess.run([*python, "mfa_app", "demo"], check=True, stdout=subprocess.DEVNULL, **run)
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    openssl = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=127.0.0.1",
        "-days",
        "2",
    ]
    subprocess.run([*openssl, "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    server = [
        *python,
        "gunicorn",
        "--config",
        "gunicorn.conf.py",
        "--keyfile",
        key,
        "--certfile",
        certificate,
    ]
    with (
        (folder / "gunicorn.log").open("wb") as log,
        subprocess.Popen([*server, "wsgi:app"], stdout=log, stderr=log, **run) as process,
    ):
        try:
            for _try in range(300):
                with suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), timeout=5).close()
                    break
                time.sleep(0.1)
            yield site
        finally:
            process.terminate()


def cookies_of(site: str, folder: Path, email: str) -> dict:
    """Log in and return the cookies in Wapiti's format."""
    written = (folder / "instance" / "demo.txt").read_text("utf-8")
    password = re.search(rf"^{email} +(\S+)", written, re.MULTILINE)[1]
    secret = re.findall(rf"^{email} +([A-Z2-7]{{4}}(?: [A-Z2-7]{{4}})+)$", written, re.MULTILINE)[0]
    phone = Phone(f"otpauth://totp/x?secret={secret.replace(' ', '')}", lambda: datetime.now(UTC))
    jar, trusting = CookieJar(), ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    opener = build_opener(HTTPCookieProcessor(jar), HTTPSHandler(context=trusting))

    def ask(path: str, page: Response | None = None, **fields: str) -> Response:
        body = urlencode({"csrf_token": page.csrf, **fields}).encode() if page else None
        with opener.open(Request(site + path, body, {"Referer": site + path}), timeout=60) as response:  # noqa: S310
            return Response(response.status, response.url, response.read().decode())

    page = ask("/login", ask("/login"), email=email, password=password)
    ask("/login/code", page, code=phone.code())
    rest = {"expires": None, "secure": True, "port": None, "version": 0}
    return {cookie.name: {"value": cookie.value, **rest} for cookie in jar}


def attack(site: str, folder: Path, cookies: Path) -> dict:
    """Crawl and attack with Wapiti; return its report."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    excluded = [word for path in EXCLUDED for word in ("-x", site + path)]
    command = ["/usr/bin/python3", "-c", RUN, "-u", f"{site}/", "-s", f"{site}/login", "-c", str(cookies)]
    command += [*excluded, "-m", MODULES]
    command += [
        "--scope",
        "domain",
        "-d",
        "6",
        "-S",
        "normal",
        "--flush-session",
        "--no-bugreport",
        "-v",
        "0",
    ]
    command += ["--max-scan-time", str(CRAWL_SECONDS), "--max-attack-time", str(ATTACK_SECONDS)]
    command += ["--store-session", str(folder / "sessions"), "-f", "json", "-o", str(report)]
    run = {"cwd": folder, "env": {**os.environ, "LC_ALL": "C"}}  # its output is parsed below
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ALL_SECONDS, **run)
    except subprocess.TimeoutExpired:
        sys.exit(f"Wapiti did not finish within {ALL_SECONDS} seconds.")
    if not report.exists():
        sys.exit(f"Wapiti wrote no report: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    found = {"crawled": crawled(folder / "sessions"), "short": cut_short(done.stdout)}
    return json.loads(report.read_text("utf-8")) | found


def cut_short(output: str) -> str:
    """Return what ran out of time."""
    crawl = ["the crawl"] if "Max scan time was reached" in output else []
    modules = re.findall(r"Max attack time was reached for module (\w+)", output)
    return ", ".join([*crawl, *sorted(modules)]) or "nothing"


def crawled(sessions: Path) -> str:
    """Return how many URLs and forms Wapiti crawled, and how many modules attacked any of them."""
    (path,) = sessions.glob("*.db")
    with closing(sqlite3.connect(path)) as database:
        urls, attacked = (
            database.execute(statement).fetchone()[0]
            for statement in (
                "SELECT COUNT(*) FROM paths WHERE evil = 0",
                "SELECT COUNT(*) FROM (SELECT DISTINCT path_id, module_name FROM attack_log)",
            )
        )
    return f"{urls} URLs and forms crawled, attacked {attacked} times"


def print_findings(who: str, report: dict) -> int:
    """Print the findings by level; return the highest level."""
    found = [
        (entry["level"], kind, entry)
        for part in ("vulnerabilities", "anomalies")
        for kind, entries in report[part].items()
        for entry in entries
    ]
    levels = Counter(level for level, _kind, _entry in found)
    print(f"as {who}: {report['infos']['version']}, {report['crawled']}, found:", end=" ")
    print(", ".join(f"{levels[level]} {name}" for level, name in enumerate(LEVELS)), flush=True)
    print(f"    cut short: {report['short']}")
    for level, kind, entry in sorted(found, key=lambda one: -one[0])[:12]:
        print(f"    {LEVELS[level]}: {kind}: {entry['method']} {entry['path']}: {entry['info'][:200]}")
    return max(levels, default=0)


if __name__ == "__main__":
    main()
