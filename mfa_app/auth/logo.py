"""The site's logo, for every page and every visitor."""

from flask import Response, abort

from mfa_app.auth import blueprint
from mfa_app.core.operations import logo
from mfa_app.web.http.assets import MAX_AGE
from mfa_app.web.http.headers import LOGO_PATH
from mfa_app.web.security.access_rules import public


@blueprint.get(f"{LOGO_PATH}<fingerprint:version>")
@public
def site_logo(version: str) -> Response:
    """Answer with the logo of this version. Browsers keep it for a year."""
    picture = logo.find(version)
    if picture is None:
        abort(404)
    response = Response(picture, content_type="image/png")
    response.cache_control.public = True
    response.cache_control.max_age = int(MAX_AGE.total_seconds())
    response.cache_control.immutable = True
    return response
