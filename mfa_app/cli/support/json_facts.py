"""What `--json` prints: facts under names that stay, for programs. Times are in UTC, days are days."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import click

from mfa_app.core.audit import chain
from mfa_app.core.factors import passkeys
from mfa_app.core.groups.groups import GroupWithCounts
from mfa_app.core.helpdesk import queue
from mfa_app.core.mail.failed import FailedMail
from mfa_app.core.operations.jobs import Job
from mfa_app.core.policy.decision import decide
from mfa_app.core.policy.facts import PolicySubject
from mfa_app.core.policy.levels import Level
from mfa_app.core.policy.rules import mail_text_of, values_of
from mfa_app.core.rollout.bars import Bar
from mfa_app.core.rollout.board import Straggler
from mfa_app.core.throttling.blocked import Blocked
from mfa_app.core.users import accounts, invitation_list
from mfa_app.core.users.exemptions import Exemption
from mfa_app.models import AuthSession, Group, RememberedDevice
from mfa_app.models.row_facts import AnyEvent
from mfa_app.wording.labels import app_name
from mfa_app.wording.user_agents import browser_name

Facts = dict[str, Any]

json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON, for programs.")


def json_lines(facts: Facts | list[Facts]) -> Iterator[str]:
    """Return the lines of these facts as JSON, in ASCII alone."""
    yield from json.dumps(facts, indent=2, default=_plain).splitlines()


def person(subject: PolicySubject) -> Facts:
    """Return what a list says about somebody."""
    user = subject.user
    profile = accounts.profile_of(user)
    return {
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "groups": [group.name for group in subject.groups],
        "directory_number": profile.directory_number,
        "last_day": profile.last_day,
        "has_password": user.password_hash is not None,
        "linked": subject.facts.linked,
        "disabled_at": user.disabled_at,
        "locked_at": user.account_locked_at,
        "last_login_at": user.last_login_at,
    }


def person_in_full(subject: PolicySubject, *, now: datetime) -> Facts:
    """Return all that is shown of one person, and what is decided after the password."""
    user = subject.user
    decision = decide(subject.facts, shown=Level.PASSWORD, now=now)
    return {
        **person(subject),
        "email_refused_at": user.email_refused_at,
        "factors_locked_at": user.factors_locked_at,
        "apps": [_named(app_name(app.name), app.enrolled_at) for app in subject.authenticators],
        "passkeys": [_named(key.name, key.registered_at) for key in passkeys.of_user(user)],
        "personal_requirement": user.required,
        "exempt_until": user.exempt_until,
        "verdict": decision.verdict.value,
        "reason": decision.because.reason.value,
        "reason_group": decision.because.group,
        "link_by": decision.enrol_by,
    }


def invitation(entry: invitation_list.Entry) -> Facts:
    """Return how far an invitation has come. Without a name in `invited_by`, the terminal sent it."""
    return {
        "email": entry.email,
        "name": entry.name,
        "invited_by": entry.sender or None,
        "sent_at": entry.sent_at,
        "state": entry.state.name.lower(),
        "works_until": entry.expires_at,
        "accepted_at": entry.used_at,
        "new_link_wanted_at": entry.asked_at,
    }


def exemption(one: Exemption) -> Facts:
    """Return who is exempt until when, and why."""
    return {
        "email": one.email,
        "name": one.name,
        "groups": list(one.groups),
        "since": one.since,
        "until": one.until,
        "reason": one.reason,
        "given_by": one.by,
        "disabled": one.disabled,
    }


def session(one: AuthSession) -> Facts:
    """Return where somebody is logged in."""
    return {**_browser(one), "since": one.created_at, "last_used_at": one.last_seen_at}


def device(one: RememberedDevice) -> Facts:
    """Return where somebody needs no code."""
    return {**_browser(one), "last_used_at": one.last_used_at, "remembered_until": one.expires_at}


def _browser(one: AuthSession | RememberedDevice) -> Facts:
    return {"browser": browser_name(one.user_agent), "ip_address": one.ip_address}


def help_request(entry: queue.Entry) -> Facts:
    """Return who waits for a reset. The number isn't there: the caller reads it out."""
    return {
        "email": entry.email,
        "name": entry.name,
        "since": entry.created_at,
        "ip_address": entry.ip_address,
        "browser": browser_name(entry.user_agent),
        "reason": entry.reason,
        "stopped_at": entry.stopped_at,
        "changes": [asdict(change) for change in entry.changes],
    }


def failed_mail(mail: FailedMail) -> Facts:
    """Return which email could not be sent, and why. `next_attempt_at` is null if it failed for good."""
    return {
        "to": mail.to,
        "mail": mail.mail,
        "written_at": mail.created_at,
        "next_attempt_at": mail.next_attempt_at,
        "answer": mail.answer,
    }


def straggler(person: Straggler) -> Facts:
    """Return who must still link. `link_by` is null if that is due now."""
    return {
        "email": person.email,
        "name": person.name,
        "progress": person.progress.name.lower(),
        "link_by": person.link_by,
        "invited": person.invited,
        "email_refused": person.refused,
        "reminded_at": person.reminded_at,
    }


def group(counted: GroupWithCounts) -> Facts:
    """Return a group with its rule and its numbers."""
    numbers = {"members": counted.members, "linked": counted.linked}
    return {"name": counted.group.name, **rule(counted.group), **numbers}


def rule(scope: Group | None) -> Facts:
    """Return what the rule of a group, or of everyone (None), asks, and the words in its emails."""
    return {**asdict(values_of(scope)), "mail_text": mail_text_of(scope)}


def blocked(entry: Blocked) -> Facts:
    """Return who has to wait, for what, and until when: null is until a reset."""
    return {
        "email": entry.user.email if entry.user else None,
        "network": entry.network,
        "limit": entry.limit.name,
        "failures": entry.failures,
        "until": entry.until,
    }


def job(timed: Job) -> Facts:
    """Return the name of a job, and how often it runs."""
    return {"name": timed.name, "every_seconds": round(timed.interval.total_seconds())}


def event(row: AnyEvent) -> Facts:
    """Return a row of the audit trail as the site logs it."""
    facts: Facts = json.loads(chain.line(row))
    return facts


def key(name: str, secrets: int, available: Sequence[str]) -> Facts:
    """Return a data key: how many secrets it encrypts, and whether it is there and encrypts new ones."""
    current = bool(available) and name == available[0]
    return {"name": name, "secrets": secrets, "available": name in available, "current": current}


def rollout(bar: Bar, to_link: int) -> Facts:
    """Return how many people have come how far, and how many must still link."""
    return {**asdict(bar), "to_link": to_link}


def _named(name: str | None, since: datetime) -> Facts:
    return {"name": name, "since": since}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no fact")
