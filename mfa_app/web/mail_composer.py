"""Composing mail: from a row of the outbox and its templates to a message."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cached_property
from typing import Any

from flask import Flask, url_for
from flask.templating import Environment

from mfa_app.core.common import clock
from mfa_app.core.mail import outbox, wire
from mfa_app.core.operations import site_values
from mfa_app.core.rollout import reminders, rule_mails
from mfa_app.core.users import exemption_ends, invitation_ends, new_links
from mfa_app.core.users.invitation_list import Stage
from mfa_app.models import OutboxMail
from mfa_app.settings import Settings
from mfa_app.wording.contact import whom_to_ask
from mfa_app.wording.policy import after_exemption, exemption
from mfa_app.wording.user_agents import browser_name

# Times that a mail tells: texts in its context.
MOMENTS = ("at", "last_day", "phone_by", "remembered_until", "until")


def _at_sending(waiting: OutboxMail, context: dict[str, Any]) -> dict[str, object]:
    """Return what a mail says that is decided only when it leaves. Raises NoLongerTrue."""
    mail = outbox.Mail(waiting.template)
    if mail is outbox.Mail.REMINDER:
        return reminders.at_sending(waiting.to, now=clock.now())
    if mail in (outbox.Mail.EXEMPTION_GIVEN, outbox.Mail.EXEMPTION_ENDS):
        return _exemption_at_sending(waiting.to, context)
    if mail is outbox.Mail.EXEMPTION_OVER:
        return _after_exemption(waiting.to)
    if mail is outbox.Mail.EMAIL_CODE and context["until"] <= clock.now():
        raise outbox.NoLongerTrue
    if mail is outbox.Mail.INVITATION_ENDS:
        invitation_ends.require_true(waiting.to, context["until"], now=clock.now())
    if mail is outbox.Mail.NEW_LINK_WANTED:
        new_links.require_true(context["person_id"], now=clock.now())
    if mail in rule_mails.MAILS:
        rule = {"about": context.get("about"), "group_id": context.get("group_id")}
        return rule_mails.at_sending(mail, waiting.to, **rule, now=clock.now())
    return {}


@dataclass(frozen=True)
class Written:
    """Subject and plain text of a mail."""

    subject: str
    text: str


class MailComposer:
    """Composes the mails of one application."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app, self._settings = app, settings

    def compose(self, waiting: OutboxMail) -> EmailMessage:
        """Return the mail as text and as HTML.

        Raises ValueError if its contents can't be unsealed, or if no mail can be sent to its address;
        NoLongerTrue if it would say what is not so any more.
        """
        context = outbox.context_of(waiting)
        if context is None:
            raise ValueError("sealed under a key that no longer exists")
        settings = self._settings
        with self._app.test_request_context("/", base_url=settings.public_url):
            context |= {
                name: datetime.fromisoformat(str(context[name])) for name in MOMENTS if context.get(name)
            }
            context |= _at_sending(waiting, context)
            agent = str(context.get("user_agent", ""))
            context |= {"browser": browser_name(agent) if agent else None, **self._of_site()}
            for token, url in (("token", "url"), ("lock_token", "lock_url")):
                if token in context:
                    context[url] = url_for("auth.follow_link", token=context.pop(token), _external=True)
            self._app.update_template_context(context)
            subject, text, html = self._render(f"email/{waiting.template}.html", context)
        message = EmailMessage(policy=policy.default.clone(cte_type="7bit"))
        message["Subject"] = subject
        message["From"] = wire.address(site_values.current().mail_from, site_values.shown_name())
        message["To"] = wire.address(waiting.to)
        message["Date"] = format_datetime(waiting.created_at)
        # The same at each attempt. A node may die before it can note that a mail was sent: the recipient's
        # server then knows the second one as the same.
        message["Message-ID"] = f"<{waiting.id}@{wire.ascii_host(settings.public_host)}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        message.add_alternative(html, subtype="html")
        return message

    def example(self, mail: outbox.Mail, **context: object) -> Written:
        """Return a mail as it would be written with this context. It is sent to nobody."""
        with self._app.test_request_context("/", base_url=self._settings.public_url):
            context |= self._of_site()
            self._app.update_template_context(context)
            subject, text, _html = self._render(f"email/{mail.value}.html", context)
        return Written(subject, text.strip())

    def _of_site(self) -> dict[str, object]:
        """Return what all mails of the site may say."""
        values = site_values.current()
        return {
            "public_url": self._settings.public_url,
            "login_url": url_for("auth.login", _external=True),
            "exemptions_url": url_for("admin.exemptions", _external=True),
            "requests_url": url_for("admin.help_requests", _external=True),
            "invitations_url": url_for("admin.invitations", state=Stage.ASKED, _external=True),
            "mail_text": values.mail_text,
            "help": whom_to_ask(values.help_email or values.admin_email, values.help_phone),
        }

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


def _exemption_at_sending(to: str, context: dict[str, Any]) -> dict[str, object]:
    """Return what a mail about an exemption in force says of what comes then. Raises NoLongerTrue."""
    now = clock.now()
    facts = exemption_ends.facts_at_sending(to, context["until"], now=now)
    return {"exemption": exemption(facts, now), "linked": facts.linked}


def _after_exemption(to: str) -> dict[str, object]:
    """Return what the mail about an exemption that has ended says of what holds now. Raises NoLongerTrue."""
    now = clock.now()
    facts = exemption_ends.facts_after_end(to, now=now)
    return {"then": after_exemption(facts, now), "linked": facts.linked}
