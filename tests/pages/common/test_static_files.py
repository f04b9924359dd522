"""Static files: compressed for browsers that take it, cached for a year, and few bytes in all."""

import gzip
import re
from collections.abc import Callable

import brotli
import pytest
from flask import url_for
from werkzeug.test import TestResponse

from bin.compress_static import compressed, plain_files
from tests.support.requests import status_of
from tests.support.world import World

FIRST_VISIT_BYTES = 40 * 1024
LOADED = re.compile(r'(?:<link rel="(?:stylesheet|icon)" href|<script src|<img src)="([^"]+)"')
EXPANDED: dict[str, Callable[[bytes], bytes]] = {
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    "": bytes,
}


def answer(world: World, path: str, accepted: str) -> tuple[bytes, bytes]:
    """Return head and body of what the server sends to a browser that accepts these encodings."""
    lines = f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Accept-Encoding: {accepted}"
    sent = world.site.raw("\r\n".join(lines) + "\r\n\r\n")
    assert status_of(sent) == 200
    head, _, body = sent.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", body


def opened(world: World, name: str, headers: dict[str, str]) -> TestResponse:
    """Return what a browser gets that sends these headers."""
    with world.app.test_request_context():
        return world.visitor().client.get(url_for("static", filename=name), headers=headers)


@pytest.mark.parametrize("accepted", ["gzip, deflate, br, zstd", "gzip"])
def test_the_login_page_with_all_that_it_loads_is_small_on_a_first_visit(
    direct_world: World, accepted: str
) -> None:
    head, page = answer(direct_world, "/login", accepted)
    files = set(LOADED.findall(page.decode()))
    assert len(files) == 5
    whole = len(head + page) + sum(len(b"".join(answer(direct_world, file, accepted))) for file in files)
    assert whole <= FIRST_VISIT_BYTES


def test_the_compressed_files_are_what_make_css_makes_of_the_plain_ones() -> None:
    assert {"site.css", "site.js", "logo.svg"} <= {path.name for path in plain_files()}
    for path in plain_files():
        content = path.read_bytes()
        assert brotli.decompress(compressed(path, ".br").read_bytes()) == content, (
            f"Run make css: {path.name}"
        )
        assert gzip.decompress(compressed(path, ".gz").read_bytes()) == content, f"Run make css: {path.name}"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("identity", ""),
        ("gzip;q=0, br;q=0", ""),
        ("", ""),
    ],
)
def test_a_browser_gets_what_it_can_read(world: World, accepted: str, encoding: str) -> None:
    headers = {"Accept-Encoding": accepted}
    for path in plain_files():
        response, plain = opened(world, path.name, headers), opened(world, path.name, {})
        assert EXPANDED[encoding](response.data) == plain.data == path.read_bytes(), path
        assert response.headers.get("Content-Encoding", "") == encoding, path
        assert response.headers["Content-Type"] == plain.headers["Content-Type"], path
        assert response.headers["Vary"] == "Accept-Encoding", path
        assert response.headers["Cache-Control"] == "public, max-age=31536000", path


def test_contents_under_the_address_of_others_are_not_kept(world: World) -> None:
    """While nodes are upgraded, a page of one version may get its files from the other."""
    for query in ("", "?v=", "?v=01234567"):
        response = world.app.test_client().get(f"/static/site.css{query}")
        assert (response.status_code, response.headers["Cache-Control"]) == (200, "public, no-cache")


def test_a_browser_that_has_a_file_in_one_encoding_is_not_told_that_it_has_another(world: World) -> None:
    tags = {}
    for accepted in ("br", "gzip", "identity"):
        headers = {"Accept-Encoding": accepted}
        headers["If-None-Match"] = tags[accepted] = opened(world, "site.css", headers).headers["ETag"]
        assert opened(world, "site.css", headers).status_code == 304
    assert len(set(tags.values())) == 3
