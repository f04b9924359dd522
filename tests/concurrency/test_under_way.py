"""What happens to a site that is being served meanwhile: new keys, a collector of its trail, a monitor."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from mfa_app.core.keys import keyring
from mfa_app.core.keys.vault import vault
from tests.support.clock import RealClock
from tests.support.databases import both_databases
from tests.support.served_site import served_site
from tests.support.terminal import done, refused
from tests.support.world import PASSWORD, World


@pytest.fixture
def served(environment: dict[str, str]) -> Iterator[World]:
    """A site served for this test alone, as in production."""
    with served_site(environment) as site:
        yield World.of(site, RealClock(), address="127.0.0.1")


def command(served: World, *words: str) -> Result:
    """Run a command in this process, which is none of those that serve the site."""
    return served.app.test_cli_runner().invoke(args=list(words))


def log_in(served: World, name: str) -> str:
    """Let somebody pass both gates; return where that ends."""
    browser = served.password_given(name)
    assert browser.page.path == "/login/code"
    return browser.submit("/login/code", code=served.next_code(name)).path


@both_databases
def test_workers_of_before_a_rotation_accept_codes_during_and_after_it(served: World) -> None:
    settings = served.app.config["SETTINGS"]
    served.group("Finance", required=True)
    for name in ("alice", "bob"):
        served.linked(name, groups_=("Finance",))
    served.person("carol", groups_=("Finance",))
    with served.data():  # as far as a rotation comes that is killed
        keyring.add_data_key(settings, in_use=set(vault().identifiers))
    assert log_in(served, "alice") == "/"
    served.link("carol").submit("/logout")
    assert "unfinished rotation" in done(command(served, "keys", "rotate"))
    assert [log_in(served, name) for name in ("bob", "carol")] == ["/", "/"]
    listed = done(command(served, "keys", "list"))
    assert re.search(r"^\w{8} +\d+ +encrypts and decrypts\n\w{8} +0 ", listed, re.MULTILINE)


def test_a_collector_and_a_monitor_get_what_both_workers_did(
    served: World, environment: dict[str, str]
) -> None:
    served.person("alice")
    browsers = [served.password_given("alice") for _ in range(6)]
    output = (Path(environment["MFA_INSTANCE_PATH"]) / "gunicorn.log").read_text("utf-8")
    printed = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert [row["event"] for row in printed].count("login.completed") == 6
    assert PASSWORD not in output
    metrics = browsers[0].open("/metrics").response.text
    assert 'second_gate_sign_ins_total{result="accepted"} 6.0' in metrics
    assert (
        'second_gate_request_seconds_count{endpoint="auth.login"} 13.0' in metrics
    )  # one to see that the site is up
    ready = browsers[0].open("/readyz")
    assert ready.status == 200, ready.response.text
    refusal = refused(command(served, "restore", "--replace", "any-file"))
    assert "The site is running on this database" in refusal
