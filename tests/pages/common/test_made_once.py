"""What pages share is made once, and still nobody sees what is meant for somebody else."""

import re
from gettext import NullTranslations

import pytest
from flask import render_template
from flask_babel import Domain, force_locale, get_domain, gettext

from mfa_app.auth.forms import CodeForm, LoginForm
from mfa_app.core.operations import site_values
from mfa_app.web.ui.blank_forms import CACHE, blank_form
from mfa_app.wording.events import event_menu
from mfa_app.wording.language import LANGUAGE
from tests.support.world import TERMINAL, World

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def test_strangers_get_the_same_login_page_but_for_its_token(world: World) -> None:
    pages = [world.visitor().client.get("/login").text for _ in range(2)]
    tokens = [TOKEN.findall(page) for page in pages]
    assert [len(found) for found in tokens] == [1, 1] and tokens[0] != tokens[1]
    assert TOKEN.sub("", pages[0]) == TOKEN.sub("", pages[1])


def test_a_message_is_shown_on_the_login_page_of_the_visitor_it_is_for_alone(world: World) -> None:
    eve = world.visitor()
    before = eve.client.get("/login").text
    alice = world.visitor()
    alice.client.set_cookie("sid", "A" * 43)
    assert "Your session has ended" in alice.open("/account").text
    assert TOKEN.sub("", eve.client.get("/login").text) == TOKEN.sub("", before)
    assert "Your session has ended" not in before


def test_the_code_page_of_another_person_names_only_that_person(world: World) -> None:
    world.group("Finance", required=True, remember_days=30)
    for name in ("alice", "bob"):
        world.linked(name, groups_=("Finance",))
    pages = {name: world.password_given(name).client.get("/login/code").text for name in ("alice", "bob")}
    assert "bob@" not in pages["alice"] and "alice@" not in pages["bob"]
    assert [len(set(TOKEN.findall(page))) for page in pages.values()] == [1, 1]
    told = {name: TOKEN.sub("", page).replace(f"{name}@", "someone@") for name, page in pages.items()}
    assert told["alice"] == told["bob"] and "30 days" in told["bob"]


def test_a_message_on_the_code_page_is_for_the_person_it_is_for_alone(world: World) -> None:
    world.group("Finance", required=True)
    world.linked("alice", groups_=("Finance",))
    alice = world.password_given("alice")
    blank = alice.client.get("/login/code").text
    alice.post("/account/password", current="a", password="b")
    said = "Nothing has been saved. After this, enter it again."
    shown = [alice.client.get("/login/code").text for _ in range(2)]
    assert [said in page for page in shown] == [True, False]
    assert TOKEN.sub("", shown[1]) == TOKEN.sub("", blank)


@pytest.mark.inside
@pytest.mark.parametrize(("has_app", "passkey"), [(True, False), (True, True), (False, True), (False, False)])
def test_what_a_blank_form_says_to_one_visitor_is_escaped(world: World, has_app: bool, passkey: bool) -> None:
    words = {"email": "o'<b>@example.com", "entry": "R&D", "recovery_url": "/login/recovery-code?next=/"}
    words |= {"passkey_url": "/login/passkey?next=/&b", "passkey_origin": "http://localhost:8000"}
    variants = {"remember_days": 30, "stopped": False, "app": has_app, "passkey": passkey}
    with world.app.test_request_context("/login/code"):
        blank = blank_form("auth/code.html", CodeForm, words, **variants).get_data(as_text=True)
        whole = render_template("auth/code.html", form=CodeForm(), **words, **variants)
    assert blank == whole and ("R&amp;D" in whole) == has_app and "&lt;b&gt;" in whole


def test_the_form_cookie_is_set_when_it_changes_and_not_with_every_page(world: World) -> None:
    alice = world.visitor()
    first, second = (alice.client.get("/login").headers.getlist("Set-Cookie") for _ in range(2))
    assert [cookie.partition("=")[0] for cookie in first] == ["form"]
    assert second == []


@pytest.mark.inside
@pytest.mark.parametrize(
    ("source", "compiled"),
    [
        ('{{ _("Log in & out") }}', "Log in & out"),
        ('{{ _("100%%") }}', "100%"),
        ('<a href="{{ url_for("auth.login") }}">', '<a href="/login">'),
        ('{{ url_for("static", filename="nothing.css") }}', "/static/nothing.css"),
    ],
)
def test_sentences_and_addresses_without_a_gap_are_compiled_into_the_page(
    world: World, source: str, compiled: str
) -> None:
    with world.app.app_context():
        code = world.app.jinja_env.compile(source, raw=True)
    assert f"yield {compiled!r}" in code


@pytest.mark.inside
def test_a_sentence_with_a_gap_is_filled_in_for_each_page(world: World) -> None:
    with world.app.test_request_context("/"):
        source = '{{ _("Welcome, %(name)s", name=name) }}'
        assert "gettext" not in world.app.jinja_env.compile(source, raw=True)
        template = world.app.jinja_env.from_string(source)
        assert [template.render(name=name) for name in ("<b>", "Bob")] == [
            "Welcome, &lt;b&gt;",
            "Welcome, Bob",
        ]


@pytest.mark.inside
def test_the_site_speaks_one_language_on_every_page(world: World) -> None:
    """Sentences are compiled into templates, so a second language needs an environment of its own."""
    with world.app.test_request_context("/", headers={"Accept-Language": "de"}):
        instance = world.app.extensions["babel"].instance
        assert instance.list_translations() == [LANGUAGE]


@pytest.mark.inside
def test_a_request_looks_for_the_catalogue_of_its_language_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_for, look = [], Domain.get_translations

    def note(domain: Domain) -> NullTranslations:
        looked_for.append(domain)
        return look(domain)

    monkeypatch.setattr(Domain, "get_translations", note)
    for _request in range(2):
        with world.app.test_request_context("/"):
            assert [gettext("Log in"), gettext("Log out")] == ["Log in", "Log out"]
    assert len(looked_for) == 2


@pytest.mark.inside
def test_a_part_of_a_request_in_another_language_has_a_catalogue_of_its_own(world: World) -> None:
    with world.app.test_request_context("/"):
        before = get_domain().get_translations()
        with force_locale("de"):
            assert get_domain().get_translations() is not before
        assert get_domain().get_translations() is before


@pytest.mark.inside
def test_the_menu_of_events_is_put_together_once_for_each_language(world: World) -> None:
    menus = []
    for _request in range(2):
        with world.app.test_request_context("/"):
            menus.append(event_menu())
            with force_locale("de"):
                menus.append(event_menu())
    assert menus[0] is menus[2] and menus[1] is menus[3] and menus[0] is not menus[1]


@pytest.mark.inside
def test_the_sentences_of_the_form_library_are_read_from_their_file_once(world: World) -> None:
    read = []
    for _request in range(2):
        with world.app.test_request_context("/login"):
            form = LoginForm()
            assert form.email.gettext("This field is required.") == "This field is required."
            read.append(form.meta.get_translations(form))
    assert read[0] is read[1]


def test_a_page_with_words_that_the_site_no_longer_has_is_kept_no_longer(world: World) -> None:
    eve = world.visitor()
    for phone in ("+31 20 555 0101", "+31 20 555 0102"):
        with world.data():
            site_values.change({"help_phone": phone}, actor=TERMINAL)
        assert phone in eve.open("/login").response.text
    _values, pages = world.app.extensions[CACHE]
    assert len(pages) == 1
