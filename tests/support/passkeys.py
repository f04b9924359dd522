"""What the script of a page does with passkeys, without a browser: it asks the site, and sends the answer."""

from dataclasses import replace
from typing import Any

from tests.support.authenticator import Authenticator
from tests.support.browser import Page, Visitor, attribute
from tests.support.world import World


def asked_to_make(visitor: Visitor) -> dict[str, Any]:
    """Return what the site asks an authenticator for."""
    return asked(visitor, "/account/passkeys/question")


def asked_to_answer(visitor: Visitor) -> dict[str, Any]:
    """Return what the site asks the passkeys of this visitor."""
    return asked(visitor, "/login/passkey/question")


def asked_of_anyone(visitor: Visitor) -> dict[str, Any]:
    """Return what the site asks a passkey that logs in alone."""
    return asked(visitor, "/login/passkey-alone/question")


def add_passkey(visitor: Visitor, device: Authenticator) -> Page:
    """Let somebody who may do so add a passkey; return the page that follows."""
    visitor.open("/account/passkeys")
    return visitor.press("Add a passkey", credential=device.make(asked_to_make(visitor)))


def alone_of_alice(world: World) -> Authenticator:
    """Let alice of Finance, where a passkey needs no password, add one; return her authenticator."""
    (made,) = _of_alice[world.after(_alice_adds_a_passkey)].credentials
    device = Authenticator()
    device.credentials.append(replace(made))
    return device


_of_alice: dict[str, Authenticator] = {}  # by the passkey in it, since the step is lived once


def _alice_adds_a_passkey(world: World) -> str:
    world.group("Finance", required=True, passkey_alone=True)
    world.linked_earlier("alice", groups_=("Finance",))
    device = Authenticator()
    add_passkey(world.log_in_and_wait("alice"), device)
    name = device.credentials[0].id.hex()
    _of_alice[name] = device
    return name


def send_passkey(visitor: Visitor, device: Authenticator) -> Page:
    """Add a passkey as a script could that is on none of the pages; return the page that follows."""
    return visitor.submit("/account/passkeys", credential=device.make(asked_to_make(visitor)))


def answer_by_passkey(visitor: Visitor, device: Authenticator, **fields: Any) -> Page:
    """Answer by passkey on the page at hand; return the page that follows."""
    return visitor.press("Use a passkey", credential=device.answer(asked_to_answer(visitor)), **fields)


def passkey_page(visitor: Visitor) -> str:
    """Return where the addresses about somebody's first passkey begin. The page at hand stays."""
    page = visitor.open("/account", follow=False)
    links = page.html.select("a[href^='/account/passkeys/']")
    return attribute(links[0], "href").removesuffix("/name")


def asked(visitor: Visitor, path: str) -> dict[str, Any]:
    """Return the question that the site answers with at an address. The page at hand stays."""
    page = visitor.open(path, follow=False)
    assert page.status == 200, page.response.location
    found = page.response.get_json()
    assert isinstance(found, dict)
    return found
