"""Sending mail: after the commit, outside requests, over SMTP or as files."""

import logging
import re
import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid
from functools import cached_property
from urllib.parse import unquote, urlsplit

from flask import Flask, url_for
from flask.templating import Environment
from flask_babel import gettext as _

from mfa_app.core.audit import anchors, stream
from mfa_app.core.common import clock, files
from mfa_app.core.mail import outbox
from mfa_app.core.operations import housekeeping
from mfa_app.extensions import db
from mfa_app.models import OutboxMail
from mfa_app.settings import Settings
from mfa_app.wording.user_agents import browser_name

SMTP_TIMEOUT_SECONDS = 15


LOOK_EVERY_SECONDS = 60


SMTP_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


log = logging.getLogger(__name__)


@contextmanager
def mail_server(smtp_url: str, *, timeout: float) -> Iterator[smtplib.SMTP]:
    """Connect to the mail server given in MFA_SMTP_URL, with encryption and login as the URL says.

    `timeout` is in seconds. Raises OSError, SMTPException.
    """
    parts, encrypted = urlsplit(smtp_url), ssl.create_default_context()
    port = parts.port or SMTP_PORTS[parts.scheme]
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(parts.hostname, port, timeout=timeout, context=encrypted)
    else:
        server = smtplib.SMTP(parts.hostname, port, timeout=timeout)
    with server:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=encrypted)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server


class Mailer:
    """Delivers the outbox of one application, in its own thread unless `in_background` is False."""

    def __init__(self, app: Flask, settings: Settings, *, in_background: bool) -> None:
        self._app, self._settings, self._in_background = app, settings, in_background
        self._wake = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def after_commit(self, mails_written: bool) -> None:
        """Deliver the mails of a request whose commit has succeeded, without waiting for delivery."""
        if not self._in_background:
            if mails_written:
                self.deliver_due()
            return
        if self._thread is None:
            self._start()
        if mails_written:
            self._wake.set()

    def look_after_the_site(self) -> None:
        """Run the jobs that are due every minute."""
        self.deliver_due()
        housekeeping.purge_expired(now=clock.now())
        stream.stream_cli_events()
        anchors.append_daily(self._settings, now=clock.now())

    def deliver_due(self) -> int:
        """Deliver all due mails. Return how many were sent. A failure is recorded and retried later."""
        sent = 0
        while (waiting := outbox.claim(now=clock.now())) is not None:
            try:
                self._deliver(waiting)
            except (OSError, smtplib.SMTPException, ValueError) as error:
                log.warning("A mail could not be sent: %s", type(error).__name__)
                outbox.mark_failed(waiting, f"{type(error).__name__}: {error}", now=clock.now())
            else:
                outbox.mark_sent(waiting, now=clock.now())
                sent += 1
            db.session.commit()
        return sent

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mailer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait(LOOK_EVERY_SECONDS)
            self._wake.clear()
            try:
                with self._app.app_context():
                    self.look_after_the_site()
            except Exception:
                log.exception("The periodic jobs failed; retrying in a minute")

    def _deliver(self, waiting: OutboxMail) -> None:
        message = self._compose(waiting)
        if self._settings.smtp_url:
            self._send(message)
        else:
            self._file(message, waiting)

    def _compose(self, waiting: OutboxMail) -> EmailMessage:
        context = outbox.context_of(waiting)
        if context is None:
            raise ValueError("sealed under a key that no longer exists")
        settings = self._settings
        with self._app.test_request_context("/", base_url=settings.public_url):
            context |= {
                "at": datetime.fromisoformat(str(context["at"])),
                "browser": browser_name(agent) if (agent := str(context.get("user_agent", ""))) else None,
                "public_url": settings.public_url,
                "help": settings.help_email or settings.admin_email or _("your help desk"),
            }
            if "token" in context:
                context["url"] = url_for("auth.follow_link", token=context.pop("token"), _external=True)
            self._app.update_template_context(context)
            subject, text, html = self._render(f"email/{waiting.template}.html", context)
        message = EmailMessage(policy=policy.default.clone(cte_type="7bit"))
        message["Subject"] = subject
        message["From"] = formataddr((settings.site_name, settings.mail_from))
        message["To"] = waiting.to
        message["Date"] = format_datetime(waiting.created_at)
        message["Message-ID"] = make_msgid(waiting.id, domain=settings.public_host)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        message.add_alternative(html, subtype="html")
        return message

    def _render(self, template: str, context: dict[str, object]) -> tuple[str, str, str]:
        """Return subject, plain text and HTML of a mail: one template in two frames, only HTML escaped."""
        plain = self._plain_text.get_template(template)
        subject = "".join(plain.blocks["subject"](plain.new_context(context)))
        text = plain.render(context, frame="email/base.txt")
        html = self._app.jinja_env.get_template(template).render(context, frame="email/base.html")
        return " ".join(subject.split()), re.sub(r"\n{3,}", "\n\n", text), html

    @cached_property
    def _plain_text(self) -> Environment:
        return self._app.jinja_env.overlay(autoescape=False)

    def _send(self, message: EmailMessage) -> None:
        with mail_server(self._settings.smtp_url, timeout=SMTP_TIMEOUT_SECONDS) as server:
            server.send_message(message)

    def _file(self, message: EmailMessage, waiting: OutboxMail) -> None:
        folder = self._settings.instance_path / "outbox"
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            files.chown_like(folder, folder.parent)
        path = folder / f"{waiting.created_at:%Y%m%dT%H%M%S}-{waiting.template}-{waiting.id[:8]}.eml"
        with open(path, "wb", opener=files.open_private) as file:
            file.write(message.as_bytes())
