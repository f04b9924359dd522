"""Puts the parts of the site together. `create_app` is the only code that knows every one of them."""

from functools import partial
from typing import Any
from wsgiref.types import WSGIApplication

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from mfa_app import (
    __version__,
    account,
    admin,
    auth,
    cli,
    enrolment,
    models,  # noqa: F401 (the tables)
    monitoring,
)
from mfa_app.core.audit import stream
from mfa_app.core.audit.chain import RowObservers
from mfa_app.core.common import clock
from mfa_app.core.common.clock import Clock
from mfa_app.core.common.days import CompanyZone
from mfa_app.core.factors.apps import App
from mfa_app.core.factors.passkeys import Passkeys
from mfa_app.core.factors.recovery_codes import RecoveryCodes
from mfa_app.core.factors.registry import Factors
from mfa_app.core.imports.stored import ImportObservers
from mfa_app.core.keys.keyring import Keys, load_keys
from mfa_app.core.keys.signing import SigningKeys
from mfa_app.core.keys.vault import Vault
from mfa_app.core.mail.delivery import MailDelivery
from mfa_app.core.mail.outbox import MailObservers
from mfa_app.core.mail.smtp import IN_BACKGROUND
from mfa_app.core.operations import jobs, mail_settings, site_values
from mfa_app.core.operations.job_runner import JobRunner
from mfa_app.core.operations.logo import KeptLogo
from mfa_app.core.operations.site_values import StoredValues
from mfa_app.core.operations.write_proof import WriteProof
from mfa_app.core.passwords import hashing
from mfa_app.core.passwords.hashing import Hasher
from mfa_app.core.passwords.reset_requests import ResetObservers
from mfa_app.core.passwords.strength import SiteNames
from mfa_app.core.policy.asked_proof import MailServer
from mfa_app.core.users.first_administrator import SetUpNoted
from mfa_app.extensions import babel, csrf, db, login_manager
from mfa_app.models.connections import POOL_OPTIONS, engine_options
from mfa_app.settings import PROJECT_ROOT, Settings, load_settings
from mfa_app.settings.values import LOOPBACK_HOSTS
from mfa_app.site import Site
from mfa_app.web.http import assets, converters, errors, headers, metrics, transaction
from mfa_app.web.http.application import WebApplication
from mfa_app.web.http.forwarded_headers import CleanForwardedHeaders
from mfa_app.web.http.monitoring import MonitoringHost
from mfa_app.web.mail_composer import MailComposer
from mfa_app.web.security import cookies, form_token, gate, origin
from mfa_app.web.ui import navigation, template_words
from mfa_app.web.ui.catalogues import Catalogues
from mfa_app.wording.language import LANGUAGE

MAX_BODY_BYTES = 64 * 1024


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """Return the application for these settings, or for those of the environment.

    `overrides` are Flask configuration values, for the tests. Raises SettingError with a sentence for the
    engineer.
    """
    settings = settings or load_settings()
    keys = load_keys(settings)
    app = WebApplication("mfa_app", instance_path=str(settings.instance_path.resolve()))
    app.config.update(_configuration(settings, keys), **overrides)
    app.extensions["site"] = _site(app, settings, keys)
    wrapped = _middleware(app.wsgi_app, settings)
    app.wsgi_app = wrapped  # type: ignore[method-assign]  # Flask's own way to add middleware
    _bind(app, settings)
    return app


def _middleware(application: WSGIApplication, settings: Settings) -> MonitoringHost:
    """Return the application behind what corrects its requests."""
    application = headers.FixedHeaders(application, settings)
    hops = settings.trusted_proxy_hops
    if hops:
        application = CleanForwardedHeaders(ProxyFix(application, x_for=hops, x_proto=hops, x_host=0))
    return MonitoringHost(application, settings.public_host)


def _configuration(settings: Settings, keys: Keys) -> dict[str, Any]:
    hosts = LOOPBACK_HOSTS if settings.public_host in LOOPBACK_HOSTS else {settings.public_host}
    return {
        "SETTINGS": settings,
        "VERSION": __version__,
        "SECRET_KEY": keys.secret_keys[0],
        "SECRET_KEY_FALLBACKS": keys.secret_keys[1:],
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {**engine_options(settings.database_url), **POOL_OPTIONS},
        "SESSION_COOKIE_NAME": cookies.name_under(settings, cookies.FORM),
        "SESSION_COOKIE_SECURE": settings.https,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_NAME": ";",  # never a valid name: Flask-Login's remember-me is not used
        "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
        "TRUSTED_HOSTS": sorted(hosts),
        # The last key signs. A form that was open before a rotation stays valid.
        "WTF_CSRF_SECRET_KEY": keys.secret_keys[::-1],
        "WTF_CSRF_TIME_LIMIT": None,  # a login page left open overnight still works
        "BOOTSTRAP_SERVE_LOCAL": True,
        "BABEL_TRANSLATION_DIRECTORIES": str(PROJECT_ROOT / "mfa_app" / "translations"),
        "MAIL_IN_BACKGROUND": True,
        "MAIL_PATIENCE": IN_BACKGROUND,
        "PASSWORD_HASH_COST": hashing.COST,
        "CLOCK": clock.system_time,
    }


def _site(app: Flask, settings: Settings, keys: Keys) -> Site:
    """Return what this application has for itself, and whom it tells of each commit."""
    runner, in_background = JobRunner(app.app_context), app.config["MAIL_IN_BACKGROUND"]
    send_mail = partial(runner.wake, jobs.MAIL) if in_background else transaction.deliver_with_response
    go_on_with_imports = (
        partial(runner.wake, jobs.IMPORTS) if in_background else transaction.go_on_with_imports
    )
    answer = () if in_background else (transaction.deliver_with_response,)
    composer = MailComposer(app, settings)
    return Site(
        settings,
        Clock(app.config["CLOCK"]),
        CompanyZone(lambda: site_values.current().time_zone),
        Vault(keys.data_keys, reread=lambda: load_keys(settings).data_keys),
        Hasher(app.config["PASSWORD_HASH_COST"]),
        Factors(App(), RecoveryCodes(), Passkeys()),
        SiteNames(lambda: (settings.site_name, site_values.shown_name(), settings.public_host)),
        RowObservers(stream.stream_row, metrics.count_event),
        composer,
        MailDelivery(settings, composer.compose, app.config["MAIL_PATIENCE"], mail_settings.in_force),
        MailObservers(send_mail),
        ResetObservers(*answer),
        ImportObservers(go_on_with_imports),
        SigningKeys(app.config["SECRET_KEY"], *app.config["SECRET_KEY_FALLBACKS"]),
        runner,
        WriteProof(),
        SetUpNoted(),
        StoredValues(),
        MailServer(lambda: site_values.current().smtp_url is not None),
        KeptLogo(),
    )


def _bind(app: Flask, settings: Settings) -> None:
    """Bind the extensions and the floors. Flask runs after_request functions in reverse order of binding."""
    db.init_app(app)
    babel.init_app(app, locale_selector=lambda: LANGUAGE)
    babel.domain_instance = Catalogues()
    login_manager.init_app(app)
    metrics.init_app(app)
    assets.init_app(app)
    gate.init_uploads(app)
    headers.init_app(app)
    app.after_request(cookies.set_cookies)
    transaction.init_app(app)
    csrf.init_app(app)
    form_token.init_app(app)
    origin.init_app(app)
    gate.init_app(app, login_manager)
    errors.init_app(app)
    navigation.init_app(app, settings)
    template_words.init_app(app)
    converters.init_app(app)
    for part in (auth, enrolment, account, admin, monitoring):
        app.register_blueprint(part.blueprint)
    cli.init_app(app)
