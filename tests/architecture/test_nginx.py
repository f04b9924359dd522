"""What docs/deploy has for nginx fits the application before which it stands.

`make proxy` tries nginx.conf out, and tests/concurrency/test_two_nodes.py nginx-balancer.conf.
"""

import re
from pathlib import Path

import pytest

from mfa_app.application import MAX_BODY_BYTES
from mfa_app.core.imports.file_text import MAX_FILE_BYTES
from mfa_app.core.operations import logo
from mfa_app.settings import load_settings
from mfa_app.web.security.access_rules import OTHER_FIELDS

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"
NGINX, BALANCER = ((DEPLOY / name).read_text("utf-8") for name in ("nginx.conf", "nginx-balancer.conf"))

both_files = pytest.mark.parametrize("file", [NGINX, BALANCER], ids=["nginx", "balancer"])


def values(directive: str, file: str = NGINX) -> set[str]:
    """Return what stands behind a directive, wherever it stands."""
    return {" ".join(found.split()) for found in re.findall(rf"^\s*{directive}\s+(.+?);", file, re.MULTILINE)}


@both_files
def test_bodies_end_where_those_of_the_application_end(file: str) -> None:
    usual, with_file = f"{MAX_BODY_BYTES // 1024}k", f"{(MAX_FILE_BYTES + OTHER_FIELDS) // 1024 // 1024}m"
    assert values("client_body_buffer_size", file) == {usual}
    with_logo = f"{(logo.MAX_BYTES + OTHER_FIELDS) // 1024}k"
    assert values("client_max_body_size", file) == {usual, with_file, with_logo}
    for size, path in ((with_file, "/admin/people/import"), (with_logo, "/admin/site/logo")):
        (larger,) = [place for place in file.split("location ") if f"client_max_body_size {size}" in place]
        assert larger.startswith(f"= {path} {{")


@both_files
def test_header_lines_that_are_too_long_get_the_page_of_the_site(file: str) -> None:
    (buffers,) = values("large_client_header_buffers", file)
    assert int(buffers.partition(" ")[2].removesuffix("k")) * 1024 > 2 * 8190


def test_requests_go_to_the_port_that_the_site_listens_on(tmp_path: Path) -> None:
    port = load_settings({"MFA_INSTANCE_PATH": str(tmp_path)}).port
    assert values("proxy_pass") == {f"http://127.0.0.1:{port}"}


def test_the_balancer_asks_two_nodes_by_turns_and_checks_who_they_are() -> None:
    assert len(values("server", BALANCER)) == 2
    assert not values("(ip_)?hash", BALANCER) and "sticky" not in BALANCER
    assert values("proxy_pass", BALANCER) == {"https://second_gate"}
    assert values("proxy_ssl_verify", BALANCER) == {"on"}
    assert values("proxy_ssl_name", BALANCER) == values("server_name", BALANCER)


def test_a_form_is_never_sent_to_a_second_node() -> None:
    (retried,) = values("proxy_next_upstream", BALANCER)
    assert "non_idempotent" not in retried


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "$http_host"),  # with its port: else every form on another port than 443 is refused
        ("X-Forwarded-For", "$remote_addr"),  # in place of what the browser says, not behind it
        ("X-Forwarded-Proto", "$scheme"),
        ("X-Forwarded-Host", '""'),
        ("X-Forwarded-Prefix", '""'),
        ("Forwarded", '""'),
    ],
)
@both_files
def test_what_the_browser_says_of_its_way_is_replaced(file: str, name: str, value: str) -> None:
    assert values(f"proxy_set_header {name}", file) == {value}


@both_files
def test_mailed_links_are_written_into_no_log(file: str) -> None:
    (location,) = re.findall(r"location /link/ \{(.*?)\}", file, re.DOTALL)
    assert re.search(r"access_log\s+off;", location) and re.search(r"error_log\s+/dev/null;", location)
