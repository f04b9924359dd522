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
from mfa_app.core.mail import smtp
from mfa_app.core.mail.delivery import MailDelivery
from mfa_app.core.mail.smtp import Patience
from mfa_app.settings import Settings
from mfa_app.site import site

HOSTNAME_MISMATCH, IP_MISMATCH = 62, 64  # X509_V_ERR_…
NOT_YET_VALID, EXPIRED = 9, 10
NOTICE_SECONDS = 5.0


def findings(settings: Settings) -> Iterator[Finding]:
    """Connect and log in as for sending a mail. A server that the mailer would wait for is waited for."""
    if settings.smtp_url is None:
        folder = settings.instance_path / "outbox"
        yield Finding(
            _("No emails are sent. They are written to files in %(folder)s.", folder=folder),
            _("Set MFA_SMTP_URL to your mail server."),
        )
        return
    try:
        delivery = site()[MailDelivery]
        with _notice_of_waiting(delivery.patience), delivery.connect():
            pass
    except smtp.FAILURES as error:
        sentence = _("Could not connect to the mail server: %(reason)s.", reason=smtp.answer_of(error))
        yield Finding(sentence, _cure(error), wrong=True)


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


def _cure(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_cure(error.verify_code)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _(
            "Check user name and password in MFA_SMTP_URL. Percent-encode special characters in them: "
            "@ is written as %(encoded)s.",
            encoded="%40",
        )
    if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError | smtplib.SMTPServerDisconnected):
        return _(
            "Check scheme and port in MFA_SMTP_URL: smtps:// for TLS from the start (mostly port 465), "
            "smtp+starttls:// for STARTTLS (mostly port 587)."
        )
    if isinstance(error, socket.gaierror):
        return _("Check the host in MFA_SMTP_URL: this machine finds no address for it.")
    if isinstance(error, smtplib.SMTPException):
        return _("Ask whoever runs the mail server why it refuses this machine.")
    if isinstance(error, OSError):
        return _("Check host and port in MFA_SMTP_URL, and that no firewall is in between.")
    return _("Check MFA_SMTP_URL: scheme, host, port, user name and password.")


def _certificate_cure(code: int) -> str:
    if code in (HOSTNAME_MISMATCH, IP_MISMATCH):
        return _("In MFA_SMTP_URL, name the mail server as its certificate does.")
    if code in (NOT_YET_VALID, EXPIRED):
        return _("Renew the mail server's certificate. If it is valid, set this machine's clock.")
    return _(
        "If the certificate comes from your company's own CA, put that CA's certificate in "
        "/usr/local/share/ca-certificates/NAME.crt and run update-ca-certificates."
    )
