"""The form cookie, Flask's session: the CSRF token and flash messages. Signed only when they change."""

from functools import cache

from flask import Flask, Response
from flask.sessions import SecureCookieSessionInterface, SessionMixin

from mfa_app.web.security.signing import TimedSigner, signing_keys


class FormCookie(SecureCookieSessionInterface):
    """Flask's own cookie, without making a new signer for each request that reads or sets it.

    It ends with the browser. Every page varies with the cookies anyway, which Flask would say here once more.
    """

    def get_signing_serializer(self, app: Flask) -> TimedSigner:
        """Return the signer for the application's keys."""
        return self._signer(*signing_keys(app))

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie if what is in it has changed, or remove it if nothing is in it any more."""
        if not session.modified:
            return
        name, config = app.config["SESSION_COOKIE_NAME"], app.config
        response.set_cookie(
            name,
            self.get_signing_serializer(app).dumps(dict(session)) if session else "",
            max_age=None if session else 0,
            secure=config["SESSION_COOKIE_SECURE"],
            httponly=config["SESSION_COOKIE_HTTPONLY"],
            samesite=config["SESSION_COOKIE_SAMESITE"],
        )

    @cache  # noqa: B019 - as many entries as there are keys, and it lives as long as the process
    def _signer(self, *keys: str) -> TimedSigner:
        return TimedSigner(
            keys,
            salt=self.salt,
            serializer=self.serializer,
            signer_kwargs={"key_derivation": self.key_derivation, "digest_method": self.digest_method},
        )
