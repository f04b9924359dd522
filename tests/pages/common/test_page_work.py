"""What a page costs besides the database, as function calls: their number is the same on every machine."""

import cProfile
import io
import pstats
from collections.abc import Callable
from wsgiref.types import WSGIApplication

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.support.world import World

pytestmark = pytest.mark.inside


def calls(application: WSGIApplication, path: str, cookie: str = "") -> int:
    """Return how many function calls it takes to answer a request like one that was answered before."""
    headers = {"Cookie": cookie} if cookie else None
    environment = EnvironBuilder(path=path, base_url="http://127.0.0.1:8000", headers=headers).get_environ()
    answer: Callable[[], object] = lambda: run_wsgi_app(application, environment, buffered=True)  # noqa: E731
    answer()
    profile = cProfile.Profile()
    profile.runcall(answer)
    return pstats.Stats(profile, stream=io.StringIO()).total_calls  # type: ignore[attr-defined]


def hello() -> int:
    application = Flask("hello")
    application.add_url_rule("/", "hello", lambda: "Hello")
    return calls(application.wsgi_app, "/")


def test_the_login_page_takes_a_few_times_the_calls_of_a_bare_application(world: World) -> None:
    """Its form is the same for everyone, so it is rendered once; only its token is new."""
    world.person("carol")
    assert calls(world.app.wsgi_app, "/login") < 3.5 * hello()


def test_the_code_page_takes_few_calls_too(world: World) -> None:
    """It says nearly the same to each person who logs in, and it is rendered once."""
    world.group("Finance", required=True)
    world.linked("alice", groups_=("Finance",))
    alice = world.password_given("alice")
    assert calls(world.app.wsgi_app, "/login/code", cookie=f"sid={alice.cookie('sid')}") < 6 * hello()
