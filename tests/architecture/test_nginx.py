"""docs/deploy/nginx.conf fits the application before which it stands; `make proxy` tries it out."""

import re
from pathlib import Path

import pytest

from mfa_app import MAX_BODY_BYTES
from mfa_app.settings import load_settings

NGINX = (Path(__file__).parents[2] / "docs" / "deploy" / "nginx.conf").read_text("utf-8")


def values(directive: str) -> set[str]:
    """Return what stands behind a directive, wherever it stands."""
    return {
        " ".join(found.split()) for found in re.findall(rf"^\s*{directive}\s+(.+?);", NGINX, re.MULTILINE)
    }


def test_bodies_end_where_those_of_the_application_end() -> None:
    assert (
        values("client_max_body_size") == values("client_body_buffer_size") == {f"{MAX_BODY_BYTES // 1024}k"}
    )


def test_header_lines_that_are_too_long_get_the_page_of_the_site() -> None:
    (buffers,) = values("large_client_header_buffers")
    assert int(buffers.partition(" ")[2].removesuffix("k")) * 1024 > 2 * 8190


def test_requests_go_to_the_port_that_the_site_listens_on(tmp_path: Path) -> None:
    port = load_settings({"MFA_INSTANCE_PATH": str(tmp_path)}).port
    assert values("proxy_pass") == {f"http://127.0.0.1:{port}"}


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
def test_what_the_browser_says_of_its_way_is_replaced(name: str, value: str) -> None:
    assert values(f"proxy_set_header {name}") == {value}


def test_mailed_links_are_written_into_no_log() -> None:
    (location,) = re.findall(r"location /link/ \{(.*?)\}", NGINX, re.DOTALL)
    assert re.search(r"access_log\s+off;", location) and re.search(r"error_log\s+/dev/null;", location)
