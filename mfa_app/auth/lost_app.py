"""The page for people who lost their authentication app."""

from flask import render_template
from flask.typing import ResponseReturnValue

from mfa_app.auth import blueprint
from mfa_app.web.security.access_rules import public


@blueprint.get("/login/help")
@public
def lost_app() -> ResponseReturnValue:
    """What to do after losing the authentication app."""
    return render_template("auth/lost_app.html")
