"""The inspector finds what is planted for it, at the width and in the colours where it is wrong."""

import pytest
from flask import Flask, Response

from tests.support.accessibility import Inspector
from tests.support.chromium import Switch, Window

pytestmark = pytest.mark.browser

STYLE = """
body { background: #ffffff; color: #000000; }
p { background: inherit; }
img { width: 9rem; height: 9rem; }
.on-a-phone { display: none; }
.beneath { background: #333333; height: 3rem; margin: 0; }
.btn { height: 3rem; }
.tight { margin: 0; }
@media (max-width: 600px) {
  .on-a-phone { display: block; }
  .on-a-wide-screen { display: none; }
  .small { width: 16px; height: 16px; padding: 0; border: 0; font-size: 8px; }
  .moves { margin: -2rem 0 0; background: none; position: relative; }
  .pales { color: #bbbbbb; }
  .near { margin: 0; }
  .wide { width: 700px; }
  .narrow { width: 3rem; overflow-wrap: anywhere; }
}
@media (prefers-color-scheme: dark) {
  body { background: #111111; color: #ffffff; }
  .dim { color: #333333; }
  .beneath { background: #dddddd; }
}
@media (prefers-color-scheme: dark) and (max-width: 600px) {
  .dims { color: #333333; }
}
"""
TWO_FIELDS = "<label>Name <input></label> <label>Email <input></label>"
PLANTED = {
    "nothing": (f"<p>All is well.</p>{TWO_FIELDS}<img alt='A heron' src='data:,'>", []),
    "a field without a label": ("<input>", ["wide, light: label"]),
    "an image without alt": ("<img src='data:,'>", ["wide, light: image-alt"]),
    "a heading that skips a level": ("<h3>Small print</h3>", ["wide, light: heading-order"]),
    "a field whose label goes on phones": (
        "<label><span class='on-a-wide-screen'>Name</span> <input></label>",
        ["phone, light: label"],
    ),
    "two buttons that are small and close on phones": (
        "<button class='small'>A</button><button class='small'>B</button>",
        ["phone, light: target-size", "phone, light: target-size"],
    ),
    "a text that goes on phones": (f"<p class='on-a-wide-screen'>Nobody misses it.</p>{TWO_FIELDS}", []),
    "a button without a name, on phones": (
        "<button class='on-a-phone'></button>",
        ["phone, light: button-name"],
    ),
    "a word that is dim in the dark": (
        "<p class='dim'>Dim</p>",
        ["wide, dark: color-contrast", "phone, dark: color-contrast"],
    ),
    "a word that is pale on phones": ("<p class='pales'>Pale</p>", ["phone, light: color-contrast"]),
    "a word that is dim in the dark on phones": ("<p class='dims'>Dim</p>", ["phone, dark: color-contrast"]),
    "a word that moves onto its own colour on phones": (
        "<p class='beneath'></p><p class='moves'>Hidden</p>",
        ["phone, light: color-contrast", "phone, dark: color-contrast"],
    ),
    "a word that is broken on phones": (
        "<p class='narrow'>Finance</p>",
        ["phone: 'Finance' is broken"],
    ),
    "a sentence right above its button": (
        "<p class='tight'>Are you sure?</p><button class='btn'>Yes</button>",
        [
            "wide: a text comes too close to a button: 'Are you sure?' to 'Yes'",
            "phone: a text comes too close to a button: 'Are you sure?' to 'Yes'",
        ],
    ),
    "a sentence below a button on phones": (
        "<button class='btn'>Yes</button><p class='near'>Nothing is lost.</p>",
        ["phone: a text comes too close to a button: 'Nothing is lost.' to 'Yes'"],
    ),
    "a block too wide for phones": ("<p class='wide'>Wide</p>", ["phone: 318 pixels stick out"]),
}


@pytest.fixture
def planted(server: Switch, site: str) -> None:
    """Let the server answer with the style sheet, and with a page over which others are written."""
    pages = Flask(__name__)
    pages.add_url_rule("/login", "page", view_func=lambda: page_with(""))
    pages.add_url_rule("/planted.css", "style", view_func=lambda: Response(STYLE, mimetype="text/css"))
    server.application = pages


def page_with(content: str) -> str:
    """Return a small page that has this in it."""
    return (
        "<!doctype html><html lang=en><title>Planted</title><link rel=stylesheet href='/planted.css'>"
        f"<meta name=viewport content='width=device-width'><main><h1>Planted</h1>{content}</main>"
    )


def test_the_inspector_finds_each_planted_fault(planted: None, window: Window) -> None:
    found: dict[str, list[str]] = {}
    for what, (content, _expected) in PLANTED.items():
        inspector = Inspector(window)
        inspector.look("Planted", page_with(content))
        lines = [line.removeprefix("Planted, ") for line in inspector.found]
        found[what] = sorted((line.partition(" (")[0] for line in lines), reverse=True)
    assert found == {what: expected for what, (_content, expected) in PLANTED.items()}
