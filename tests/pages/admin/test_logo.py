"""The site's logo: drawn anew from what an administrator sends, so that nothing but its pixels is served."""

import io
import struct
import zlib
from functools import cache

import pytest
from PIL import Image, PngImagePlugin
from werkzeug.datastructures import FileStorage

from mfa_app.core.operations.logo import MAX_BYTES, KeptLogo
from mfa_app.models import SiteLogo
from tests.support.browser import Page, Visitor, attribute
from tests.support.databases import both_databases
from tests.support.logos import picture, picture_at, send_logo
from tests.support.site_parts import part_of
from tests.support.stories import carol_at_work
from tests.support.world import World

SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.fixture
def carol(world: World) -> Visitor:
    return world.after(carol_at_work)


def send(carol: Visitor, data: bytes, name: str = "logo.png") -> Page:
    carol.open("/admin/site")
    return send_logo(carol, data, name)


def logo_on(page: Page) -> str | None:
    """Return the address of the logo at the top of a page, or None if it is the site's own mark."""
    found = page.html.select_one(".brand img.own-logo")
    return attribute(found, "src") if found else None


@both_databases
def test_a_picture_is_shown_on_every_page_under_an_address_of_its_own(world: World, carol: Visitor) -> None:
    assert "Saved." in send(carol, picture("PNG")).text
    eve = world.visitor()
    address = logo_on(eve.open("/login"))
    assert address and address == logo_on(carol.open("/"))
    answer = picture_at(eve, address)
    assert (answer.status_code, answer.content_type) == (200, "image/png")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in answer.headers and answer.headers["X-Content-Type-Options"] == "nosniff"
    shown = Image.open(io.BytesIO(answer.data))
    assert (shown.format, shown.size) == ("PNG", (192, 96))
    assert "Logo: none → " in carol.open("/admin/trail").text
    assert "Nothing was different" in send(carol, picture("PNG")).text
    page = carol.press("Remove logo")
    assert logo_on(page) is None and logo_on(eve.open("/login")) is None
    assert world.count(SiteLogo) == 0
    part_of(world.app, KeptLogo).newest = "", b""
    assert picture_at(eve, address).status_code == 404


def test_pictures_of_other_formats_are_drawn_anew_as_png(world: World, carol: Visitor) -> None:
    for kind in ("JPEG", "WEBP"):
        page = send(carol, picture(kind))
        assert "Saved." in page.text, kind
        shown = Image.open(io.BytesIO(picture_at(carol, logo_on(page)).data))
        assert (shown.format, shown.size) == ("PNG", (192, 96)), kind
        assert "Nothing was different" in send(carol, picture(kind)).text, kind


def test_the_logo_before_stays_for_pages_that_are_open(world: World, carol: Visitor) -> None:
    addresses = []
    for colour in ("red", "green", "blue"):
        addresses.append(logo_on(send(carol, picture("PNG", colour=colour))))
    eve = world.visitor()
    assert [picture_at(eve, address).status_code for address in addresses[1:]] == [200, 200]
    assert world.count(SiteLogo) == 2


@cache
def pressed_zeros(count: int) -> bytes:
    return zlib.compress(bytes(count))


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG that says it is so wide and high. Up to 100 MB of it are there, all black."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = pressed_zeros(min((width + 1) * height, 100_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_what_is_no_picture_or_too_much_of_one_is_refused(world: World, carol: Visitor) -> None:
    none = (
        SCRIPT,
        b"GIF89a" + bytes(100),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        picture("PNG")[:60],
        picture("JPEG")[:200],
        picture("BMP"),
        b"",
    )
    sent = [(data, "can't be read as a picture") for data in none]
    page = carol.open("/admin/site")
    assert "at most 512 KB and 2,000 pixels wide and high" in page.text
    for data, sentence in (*sent, (picture("PNG") + bytes(MAX_BYTES), "at most 512 KB")):
        page = send_logo(carol, data)
        error = page.html.select_one("#logo-error")
        assert (page.status, error is not None and sentence in error.get_text()) == (400, True), data[:60]
    assert world.count(SiteLogo) == 0


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(world: World, carol: Visitor) -> None:
    sizes = (10_000, 10_000), (2_001, 2_001), (2_001, 10), (1_000_000, 1), (1, 1_000_000), (10**6, 10**6)
    carol.open("/admin/site")
    for width, height in sizes:
        page = send_logo(carol, bomb(width, height))
        assert (page.status, "more than 2000 pixels wide or high" in page.text) == (400, True), (
            width,
            height,
        )
    assert world.count(SiteLogo) == 0


def test_nothing_of_a_file_but_its_pixels_is_served(world: World, carol: Visitor) -> None:
    """A file that is a picture to one program and a page to another, with words in all its chunks."""
    words, written = PngImagePlugin.PngInfo(), io.BytesIO()
    words.add_text("Comment", "<script>alert(1)</script>")
    words.add_text("Author", "eve@example.com", zip=True)
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    Image.new("RGB", (9, 9)).save(written, "PNG", pnginfo=words, exif=exif, icc_profile=b"<script>" * 20)
    address = logo_on(send(carol, written.getvalue() + SCRIPT, "logo.html"))
    served = picture_at(world.visitor(), address).data
    assert Image.open(io.BytesIO(served)).info == {}
    for chunk in (b"script", b"eve@", b"tEXt", b"zTXt", b"eXIf", b"iCCP"):
        assert chunk not in served


def test_a_picture_is_read_from_administrators_alone_and_never_kept_for_a_code(
    world: World, carol: Visitor
) -> None:
    world.linked_earlier("dave")
    dave = world.log_in_and_wait("dave")
    dave.open("/")
    assert send_logo(dave, picture("PNG")).status == 403
    dave.open("/")
    assert dave.submit("/admin/site/logo/remove").status == 403
    carol.open("/admin/site")
    page = send_logo(carol, bytes(3_000_000))
    assert (page.status, "A picture may have at most 512 KB" in page.text) == (413, True)
    carol.open("/admin/site")
    world.clock.advance(minutes=21)
    page = carol.press("Save logo", logo=FileStorage(io.BytesIO(picture("PNG")), "logo.png"))
    assert "Nothing has been saved. After this, enter it again." in page.text
    assert world.count(SiteLogo) == 0
