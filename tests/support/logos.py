"""Pictures that somebody sends as the logo of the site."""

import io

from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from tests.support.browser import Page, Visitor


def picture(kind: str, *, colour: str = "teal", size: tuple[int, int] = (400, 200)) -> bytes:
    """Return a picture of one colour, in a format that Pillow writes."""
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, kind)
    return written.getvalue()


def send_logo(visitor: Visitor, data: bytes, name: str = "logo.png") -> Page:
    """Send a file as the logo, with the token of the page at hand."""
    fields = {"csrf_token": visitor.current.csrf_token, "logo": FileStorage(io.BytesIO(data), name)}
    boundary, body = encode_multipart(fields)
    kind = f"multipart/form-data; boundary={boundary}"
    return visitor.open("/admin/site/logo", method="POST", data=body, content_type=kind)


def picture_at(visitor: Visitor, address: str | None) -> TestResponse:
    """Return the answer at the address of a picture."""
    return visitor.client.get(address or "", base_url=visitor.base_url)
