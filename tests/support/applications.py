"""Applications within the tests' own process, each made once: making one takes 30 ms, its settings 2 ms."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from flask import Flask

from mfa_app import create_app
from mfa_app.core.common.clock import Clock as SiteClock
from mfa_app.core.keys.keyring import load_keys
from mfa_app.core.keys.vault import Vault
from mfa_app.settings import Settings, load_settings
from mfa_app.site import Site
from tests.support.clock import Clock
from tests.support.site_parts import forget
from tests.support.variables import with_compiled_templates


def settings_under(environment: Mapping[str, str]) -> Settings:
    """Return the settings in this environment. They are read once, unless a file may add others."""
    if Path(environment["MFA_INSTANCE_PATH"], "settings.toml").exists():
        return load_settings(environment)
    return _read_once(tuple(sorted(environment.items())))


@lru_cache(maxsize=8)
def _read_once(environment: tuple[tuple[str, str], ...]) -> Settings:
    return load_settings(dict(environment))


def application(settings: Settings, clock: Clock, **options: object) -> Flask:
    """Return the application under these settings and configuration values, as if it had just been made.

    Its emails leave with the answer. It signs with the keys that were there when it was made, and has asked
    no rules about passkeys yet. Whoever has used it disposes of its connections.
    """
    app, its_site = _made_once(settings, tuple(sorted(options.items())))
    keys = Vault(load_keys(settings).data_keys, reread=lambda: load_keys(settings).data_keys)
    app.extensions["site"] = its_site.replace(SiteClock(clock), keys)
    forget(app)
    return app


@lru_cache(maxsize=8)
def _made_once(settings: Settings, options: tuple[tuple[str, object], ...]) -> tuple[Flask, Site]:
    app = with_compiled_templates(create_app(settings, MAIL_IN_BACKGROUND=False, **dict(options)))
    return app, app.extensions["site"]
