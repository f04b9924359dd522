"""Check that the mail server takes a connection as the mailer makes it, with a cure for each refusal."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from threading import Timer

from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.doctor.finding import Finding
from mfa_app.cli.support.output import print_line
from mfa_app.core.mail import outbox, smtp
from mfa_app.core.mail.delivery import MailDelivery
from mfa_app.core.mail.smtp import Patience
from mfa_app.core.operations.mail_settings import PasswordUnreadable
from mfa_app.core.operations.site_values import StoredValues
from mfa_app.settings import Settings
from mfa_app.site import site

HOSTNAME_MISMATCH, IP_MISMATCH = 62, 64  # X509_V_ERR_…
NOT_YET_VALID, EXPIRED = 9, 10
NOTICE_SECONDS = 5.0


def findings(settings: Settings) -> Iterator[Finding]:
    """Connect and log in as for sending a mail. A server that the mailer would wait for is waited for."""
    if site()[StoredValues].beside(settings).smtp_url is None:
        folder = outbox.folder_of(settings)
        yield Finding(
            _("No emails are sent. They are written to files in %(folder)s.", folder=folder),
            _("Enter your mail server under Administration, Site. Or set MFA_SMTP_URL."),
        )
        return
    try:
        delivery = site()[MailDelivery]
        with _notice_of_waiting(delivery.patience), delivery.connect():
            pass
    except PasswordUnreadable:
        yield Finding(
            _("The password of the mail server can't be read with these keys, so no emails leave."),
            _("Enter it again under Administration, Site."),
            wrong=True,
        )
    except smtp.FAILURES as error:
        sentence = _("Could not connect to the mail server: %(reason)s.", reason=smtp.answer_of(error))
        where = "MFA_SMTP_URL" if settings.smtp_url else _("the mail settings on the page “Site”")
        yield Finding(sentence, _cure(error, where), wrong=True)


@contextmanager
def _notice_of_waiting(patience: Patience) -> Iterator[None]:
    """Say after a few seconds what the doctor is waiting for."""
    minutes = ceil(patience.answer.total_seconds() / 60)
    notice = ngettext(
        "Waiting for the mail server. It has %(num)s minute for each answer.",
        "Waiting for the mail server. It has %(num)s minutes for each answer.",
        minutes,
    )
    timer = Timer(NOTICE_SECONDS, print_line, (notice,), {"stderr": True})
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cure(error: Exception, where: str) -> str:
    """Return what to do. `where` is where the mail server is set."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_cure(error.verify_code, where)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _(
            "Check user name and password in %(where)s. In MFA_SMTP_URL, percent-encode special characters "
            "in them: @ is written as %(encoded)s.",
            where=where,
            encoded="%40",
        )
    if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError | smtplib.SMTPServerDisconnected):
        return _(
            "Check encryption and port in %(where)s: smtps:// for TLS from the start (mostly port 465), "
            "smtp+starttls:// for STARTTLS (mostly port 587).",
            where=where,
        )
    if isinstance(error, socket.gaierror):
        return _("Check the host in %(where)s: this machine finds no address for it.", where=where)
    if isinstance(error, smtplib.SMTPException):
        return _("Ask the people who run the mail server why it refuses this machine.")
    if isinstance(error, OSError):
        return _("Check host and port in %(where)s, and that no firewall is in between.", where=where)
    return _("Check %(where)s: encryption, host, port, user name and password.", where=where)


def _certificate_cure(code: int, where: str) -> str:
    if code in (HOSTNAME_MISMATCH, IP_MISMATCH):
        return _("In %(where)s, name the mail server as its certificate does.", where=where)
    if code in (NOT_YET_VALID, EXPIRED):
        return _("Renew the mail server's certificate. If it is valid, set this machine's clock.")
    return _(
        "If the certificate comes from your company's own CA, put that CA's certificate in "
        "/usr/local/share/ca-certificates/NAME.crt and run update-ca-certificates."
    )
