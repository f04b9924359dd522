"""The site's own routes, and an address for each."""

import re

from flask import Flask
from werkzeug.routing import Rule

from mfa_app.web.http.headers import STATIC
from mfa_app.web.security.access_rules import access_rule_of

SAMPLES = {"row": "1", "random": "0" * 32, "fingerprint": "0" * 16, "token": "A" * 43}


def rules(app: Flask) -> list[Rule]:
    """Return the site's own routes."""
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in STATIC]


def address(rule: Rule) -> str:
    """Return an address that the route answers."""
    return re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES[found[1]], rule.rule)


def is_public(app: Flask, rule: Rule) -> bool:
    """Say whether the route is open to everybody."""
    return access_rule_of(app.view_functions[rule.endpoint]).public
