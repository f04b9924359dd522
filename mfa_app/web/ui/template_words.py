"""What templates say about facts: filters that turn them into words, and the numbers that sentences name."""

import re
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from markupsafe import Markup, escape

from mfa_app.core.common import clock
from mfa_app.core.factors import totp
from mfa_app.core.helpdesk import queue, risk
from mfa_app.core.mail import one_time_links
from mfa_app.core.passwords import strength
from mfa_app.core.policy.rules import RuleValues
from mfa_app.core.sessions import sessions
from mfa_app.models import Group, SitePolicy
from mfa_app.models.invitation import USED_INVITATIONS_KEPT
from mfa_app.models.outbox import FAILED_MAILS_KEPT
from mfa_app.settings.values import OWN_WORDS
from mfa_app.wording import dates
from mfa_app.wording.contact import tel_url
from mfa_app.wording.invitations import pass_on_links
from mfa_app.wording.labels import app_name, in_groups, limit_name, role_name
from mfa_app.wording.rules import rule_sentence, rule_state
from mfa_app.wording.user_agents import browser_name

MINUTE = timedelta(minutes=1)

# Where a browser may break a name or an address: behind the marks in an address, and in words of a length
# that no column has room for.
MAY_BREAK = re.compile(r"(?<=[@._:-])(?=\S)|(?<=\S{24})(?=\S)")


@dataclass(frozen=True)
class Numbers:
    """The numbers that sentences name, each from the constant that decides it."""

    password_length: int = strength.MIN_LENGTH
    confirmed_minutes: int = sessions.RECENT_AUTH_WINDOW // MINUTE
    reset_link_minutes: int = one_time_links.LIFETIME[one_time_links.Purpose.PASSWORD_RESET] // MINUTE
    code_seconds: int = totp.PERIOD_SECONDS
    stop_link_days: int = one_time_links.LIFETIME[one_time_links.Purpose.STOP_APPROVAL].days
    recent_changes_days: int = queue.LOOKED_BACK.days
    second_reset_days: int = risk.REPEATED_WITHIN.days
    failed_mails_days: int = FAILED_MAILS_KEPT.days
    used_invitations_days: int = USED_INVITATIONS_KEPT.days
    own_words: int = OWN_WORDS


def init_app(app: Flask) -> None:
    """Give every template the filters, the numbers as `numbers`, and what pages say in several places."""
    app.jinja_env.globals["numbers"] = Numbers()
    app.jinja_env.globals["zone_name"] = dates.zone_name
    app.jinja_env.globals["pass_on_links"] = pass_on_links
    for in_words in (
        dates.day,
        dates.short_day,
        dates.short_last_day,
        dates.iso_day,
        dates.time_of_day,
        dates.short_time,
        dates.weekday,
        dates.weekday_time,
        dates.short_utc_time,
        dates.utc_clock,
        app_name,
        browser_name,
        in_groups,
        role_name,
        limit_name,
        tel_url,
        breakable,
    ):
        app.add_template_filter(in_words)

    @app.template_filter("rule_sentence")
    def sentence_now(rule: RuleValues | Group | SitePolicy) -> str:
        return rule_sentence(rule, clock.now())

    @app.template_filter("rule_state")
    def state_now(rule: RuleValues | Group | SitePolicy) -> str:
        return rule_state(rule, clock.now())


def breakable(name: str) -> Markup:
    """Return a name or an address for a table, with the places at which a browser may break it."""
    return Markup("<wbr>").join(escape(part) for part in MAY_BREAK.split(name))
