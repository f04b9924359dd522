"""What pages share is made once, and still nobody sees what is meant for somebody else."""

import re

import pytest

from mfa_app.auth.forms import LoginForm
from mfa_app.wording.language import LANGUAGE
from tests.support.world import World

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
def test_the_sentences_of_the_form_library_are_read_from_their_file_once(world: World) -> None:
    read = []
    for _request in range(2):
        with world.app.test_request_context("/login"):
            form = LoginForm()
            assert form.email.gettext("This field is required.") == "This field is required."
            read.append(form.meta.get_translations(form))
    assert read[0] is read[1]
