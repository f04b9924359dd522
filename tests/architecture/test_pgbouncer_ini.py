"""docs/deploy/pgbouncer.ini fits the site; tests/support/pgbouncer.py runs it."""

import configparser
import inspect
import re
from pathlib import Path

import pytest
from sqlalchemy import QueuePool, make_url

from mfa_app.settings import load_settings

FILE = Path(__file__).parents[2] / "docs" / "deploy" / "pgbouncer.ini"
NODES, WORKERS = 2, 2
GUNICORN_WAITS_SECONDS = 30


@pytest.fixture
def pgbouncer() -> configparser.SectionProxy:
    read = configparser.ConfigParser()
    read.read(FILE, "utf-8")
    return read["pgbouncer"]


def test_a_connection_is_lent_for_a_transaction(pgbouncer: configparser.SectionProxy) -> None:
    assert pgbouncer["pool_mode"] == "transaction"


def test_each_worker_of_two_nodes_gets_in(pgbouncer: configparser.SectionProxy) -> None:
    options = inspect.signature(QueuePool).parameters
    most = options["pool_size"].default + options["max_overflow"].default
    assert f"up to {most}" in FILE.read_text("utf-8")
    assert NODES * WORKERS * most <= int(pgbouncer["max_client_conn"])


def test_the_address_for_the_nodes_is_one_that_the_site_takes(tmp_path: Path) -> None:
    (address,) = re.findall(r"MFA_DATABASE_URL=(\S+)", FILE.read_text("utf-8"))
    settings = load_settings({"MFA_INSTANCE_PATH": str(tmp_path), "MFA_DATABASE_URL": address})
    assert make_url(settings.database_url).port == 6432


def test_nobody_waits_longer_than_for_a_worker(pgbouncer: configparser.SectionProxy) -> None:
    assert int(pgbouncer["query_wait_timeout"]) < GUNICORN_WAITS_SECONDS


def test_passwords_are_neither_sent_nor_kept_in_the_clear(pgbouncer: configparser.SectionProxy) -> None:
    assert pgbouncer["auth_type"] == "scram-sha-256"
    assert pgbouncer["client_tls_sslmode"] == "require"
