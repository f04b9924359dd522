"""A browser for the tests: reads pages as a browser does, and checks each page that it visits."""

from __future__ import annotations

import re
from collections.abc import Container
from functools import cached_property, lru_cache
from typing import Any

from bs4 import BeautifulSoup, Tag
from flask import Flask
from werkzeug.test import Cookie, TestResponse

TOKEN = re.compile(r'(name="csrf_token"[^>]* value=")([^"]+)')
REQUIRED_HEADERS = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy")

_checked: set[str] = set()  # pages, but for their token, in which nothing was wrong


@lru_cache(maxsize=32)
def _parsed(content: str) -> BeautifulSoup:
    """Return what a page without its token is made of.

    The same few pages are opened again and again, and reading one takes as long as answering it.
    """
    return BeautifulSoup(content, "html.parser")


def words(tag: Tag | None) -> str:
    """Return the text of a tag, which has to be there, with single spaces."""
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


def attribute(tag: Tag | None, name: str, default: str = "") -> str:
    """Return what an attribute of a tag says. The tag has to be there."""
    assert tag is not None
    value = tag.get(name, default)
    assert isinstance(value, str), f"{name} is a list of words"
    return value


def named(place: Tag, name: str) -> Tag | None:
    """Return the field of this name, if there is one."""
    return place.find(None, {"name": name})


class Page:
    """A page as it came: status, words, forms."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.path = response.request.path

        content = response.get_data(as_text=True).replace("<wbr>", "")
        found = TOKEN.search(content)
        self.csrf_token = found[2] if found else ""
        self._content = TOKEN.sub(r"\1", content)

    @property
    def html(self) -> BeautifulSoup:
        """What the page is made of, but for its CSRF token: other pages share it, so nobody changes it."""
        return _parsed(self._content)

    @property
    def source(self) -> str:
        """The page as it came, to show it in a real browser."""
        return self.response.get_data(as_text=True)

    @cached_property
    def text(self) -> str:
        """The words of the page, with single spaces."""
        return words(self.html)

    @property
    def title(self) -> str:
        """The page's one heading."""
        return words(self.html.h1)

    def value(self, name: str) -> str:
        """Return what a field of this name holds."""
        held = attribute(named(self.html, name), "value")
        return self.csrf_token if name == "csrf_token" else held

    def with_token(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return what a form sends, with the CSRF token that came with this page."""
        return {name: self.csrf_token if name == "csrf_token" else value for name, value in data.items()}

    def form_with(self, button: str) -> Tag:
        """Return the form that has a button with these words."""
        for form in self.html.find_all("form"):
            if any(button == words(found) for found in form.find_all("button")):
                return form
        raise AssertionError(f"no button {button!r} on {self.path}: {self.text[:600]}")

    def check(self) -> None:
        """Hold the page to the rules of the house: they apply to every page that any test visits."""
        for name in REQUIRED_HEADERS:
            assert name in self.response.headers, f"{self.path}: no {name}"
        if not (self.response.mimetype or "").startswith("text/html") or not self.response.data:
            return
        if self._content in _checked:
            return
        self._check_html()
        _checked.add(self._content)

    def _check_html(self) -> None:
        tags = self.html.find_all(True)
        headings = [tag for tag in tags if tag.name == "h1"]
        assert len(headings) == 1, f"{self.path}: {len(headings)} h1"
        self._check_errors([tag for tag in tags if "autofocus" in tag.attrs])
        ids = [attribute(tag, "id") for tag in tags if "id" in tag.attrs]
        assert len(ids) == len(set(ids)), f"{self.path}: an id stands twice"
        for tag in tags:
            assert "style" not in tag.attrs, f"{self.path}: inline style"
            assert not any(name.startswith("on") for name in tag.attrs), f"{self.path}: inline script"
            if tag.name == "script":
                assert tag.get("src"), f"{self.path}: inline script"
            if tag.name == "form" and attribute(tag, "method", "get").lower() == "post":
                assert named(tag, "csrf_token"), f"{self.path}: a form without CSRF token"
        labels = {tag.get("for") for tag in tags if tag.name == "label"}
        for field in tags:
            if field.name in ("input", "select", "textarea"):
                self._check_label(field, labels, ids)

    def _check_errors(self, focused: list[Tag]) -> None:
        """A page with errors says so in its title, and the first of them has the focus."""
        wrong = self._wrong()
        title = self.html.title
        assert title
        start = f"Error: {self.title}" if wrong else self.title
        assert title.get_text() in (start, "Redirecting...") or title.get_text().startswith(f"{start} – "), (
            f"{self.path}: {title.get_text()}"
        )
        assert len(focused) <= 1, f"{self.path}: several have the focus"
        if wrong:
            fields = [tag for tag in wrong if "note" not in tag.get_attribute_list("class")] or wrong
            first = fields[0].select_one("input") if fields[0].name == "fieldset" else fields[0]
            assert focused == [first], f"{self.path}: the focus is not on what is wrong"

    def _wrong(self) -> list[Tag]:
        """Return what says that something is wrong. Most pages have no word of it: nothing to search."""
        if not any(word in self._content for word in ("note-danger", "aria-invalid", "field-error")):
            return []
        return [tag for tag in self.html.find_all(True) if _is_wrong(tag)]

    def _check_label(self, field: Tag, labels: Container[object], ids: list[str]) -> None:
        if field.get("type") in ("hidden", "submit"):
            return
        labelled = field.get("aria-label") or field.get("aria-labelledby") or field.find_parent("label")
        assert labelled or attribute(field, "id") in labels, (
            f"{self.path}: field {field.get('name')} has no label"
        )
        for described in attribute(field, "aria-describedby").split():
            assert described in ids, f"{self.path}: {described} describes a field and is not there"


def _is_wrong(tag: Tag) -> bool:
    """Return True for a field with an error, a set of such fields, and a red note about a form.

    What is wrong with a form as a whole stands in it, or with the focus elsewhere on the page.
    """
    if "note-danger" in tag.get_attribute_list("class"):
        return "autofocus" in tag.attrs or tag.find_parent("form") is not None
    return tag.get("aria-invalid") == "true" or (
        tag.name == "fieldset" and tag.find(class_="field-error") is not None
    )


class Visitor:
    """Somebody with a browser: opens addresses, fills in forms, presses buttons, follows redirects."""

    def __init__(
        self,
        app: Flask,
        *,
        address: str = "192.0.2.1",
        browser: str = "Firefox",
        base_url: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.app, self.base_url = app, base_url
        self.client = app.test_client()
        self.environ = {"REMOTE_ADDR": address}
        self.headers = {"User-Agent": browser, **(headers or {})}
        if base_url:
            self.headers["Referer"] = f"{base_url}/login"
        self.page: Page | None = None

    def open(self, path: str, *, method: str = "GET", follow: bool = True, **options: Any) -> Page:
        """Request an address; the page is checked and returned."""
        headers = {**self.headers, **options.pop("headers", {})}
        response = self.client.open(
            path,
            method=method,
            base_url=self.base_url,
            headers=headers,
            environ_base=self.environ,
            follow_redirects=follow,
            **options,
        )
        page = Page(response)
        page.check()
        if follow:
            self.page = page
        return page

    @property
    def current(self) -> Page:
        """The page at hand."""
        assert self.page is not None, "no page has been opened yet"
        return self.page

    def press(self, button: str, *, follow: bool = True, **fields: Any) -> Page:
        """Fill in fields of the form that has this button, and press it; None unticks a box."""
        form = self.current.form_with(button)
        data = self.current.with_token({**_present(form), **_pressed(form, button)})
        for name, value in fields.items():
            assert named(form, name), f"no field {name} beside {button!r}"
            data[name] = value
        data = {name: value for name, value in data.items() if value is not None}
        action = attribute(form, "action") or self.current.response.request.full_path.rstrip("?")
        if attribute(form, "method", "get").lower() == "get":
            return self.open(action, query_string=data, follow=follow)
        referer = (
            f"{self.base_url or 'http://localhost'}{self.current.response.request.full_path.rstrip('?')}"
        )
        return self.open(action, method="POST", data=data, follow=follow, headers={"Referer": referer})

    def copy(self, address: str | None = None) -> Visitor:
        """Return a browser with the same page at hand and the same cookies, perhaps at another address."""
        address = address or self.environ["REMOTE_ADDR"]
        other = Visitor(self.app, address=address, base_url=self.base_url, headers=self.headers)
        other.client._cookies = dict(self.client._cookies or {})
        other.page = self.page
        return other

    def follow(self, words: str) -> Page:
        """Follow the link of the page at hand that has these words."""
        links = [link for link in self.current.html.find_all("a") if link.get_text(strip=True) == words]
        assert links, f"there is no link {words!r} on {self.current.path}"
        return self.open(attribute(links[0], "href"))

    def give_password(self, email: str, password: str) -> Page:
        """Open the login page, and give address and password."""
        self.open("/login")
        return self.press("Log in", email=email, password=password)

    def post(self, path: str, *, follow: bool = False, **data: Any) -> Page:
        """Post to an address with the CSRF token of the last page, as a script of that page could."""
        token = self.current.value("csrf_token")
        return self.open(path, method="POST", data={"csrf_token": token, **data}, follow=follow)

    def submit(self, path: str, **fields: Any) -> Page:
        """Send a form to an address, with the hidden fields of the page at hand; follow where that leads."""
        hidden = {
            attribute(field, "name"): attribute(field, "value")
            for field in self.current.html.find_all("input", type="hidden")
        }
        return self.open(path, method="POST", data={**self.current.with_token(hidden), **fields})

    def forget_cookies(self) -> None:
        """Delete all cookies that it holds."""
        self.client = self.app.test_client()

    @property
    def held_cookies(self) -> list[Cookie]:
        """All cookies that it holds, as they came."""
        return list((self.client._cookies or {}).values())

    @property
    def cookies(self) -> dict[str, str]:
        """All cookies that it holds, under their names without the port of the site."""
        return {re.sub(r"^\d+-", "", cookie.key): cookie.value for cookie in self.held_cookies}

    def cookie_line(self, name: str) -> str:
        """Return a cookie as the browser sends it: under its full name, with the port of the site."""
        held = self.held_cookies
        return next(f"{cookie.key}={cookie.value}" for cookie in held if cookie.key.endswith(name))

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie, if the browser has it."""
        cookie = self.client.get_cookie(name)
        return cookie.value if cookie else None


def _present(form: Tag) -> dict[str, Any]:
    """Return what the fields hold before anybody touches them."""
    data: dict[str, Any] = {}
    for field in form.find_all(["input", "textarea", "select"]):
        name, kind = attribute(field, "name"), attribute(field, "type", "text")
        if not name or kind == "submit" or (kind in ("checkbox", "radio") and not field.has_attr("checked")):
            continue
        if field.name == "select":
            chosen = [attribute(option, "value") for option in field.find_all("option", selected=True)]
            first = field.find("option")
            data[name] = chosen if field.has_attr("multiple") else (chosen or [attribute(first, "value")])[0]
        elif name in data:
            data[name] = [
                *(data[name] if isinstance(data[name], list) else [data[name]]),
                attribute(field, "value", "on"),
            ]
        else:
            data[name] = (
                field.get_text()
                if field.name == "textarea"
                else attribute(field, "value", "on" if kind == "checkbox" else "")
            )
    return data


def _pressed(form: Tag, button: str) -> dict[str, str]:
    for found in form.find_all("button"):
        if words(found) == button and found.get("name"):
            return {attribute(found, "name"): attribute(found, "value")}
    return {}
