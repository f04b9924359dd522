"""Flask's application as this site uses it: without the work that Flask repeats at each request."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from mfa_app.web.http import assets
from mfa_app.web.security.form_cookie import FormCookie
from mfa_app.web.ui.template_environment import TemplateEnvironment


class WebApplication(Flask):
    """A Flask application with plain functions as views, and with compressed static files."""

    jinja_environment = TemplateEnvironment
    session_interface = FormCookie()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function. Flask would look at each request whether it is a coroutine; none is."""
        return func

    def send_static_file(self, filename: str) -> Response:
        """Return a static file, compressed if the browser takes it so. Raises NotFound.

        A page of another version, from another node, may ask for other contents: then nothing keeps these.
        With `make dev` files change all the time, so they are sent as they are.
        """
        if self.debug:
            return super().send_static_file(filename)
        folder = str(self.static_folder)
        file = assets.find(folder, filename, request.accept_encodings)
        if file is None:
            raise NotFound
        response = file.response(lasting=request.args.get("v") == assets.fingerprint(folder, filename))
        response.make_conditional(request)
        return response
