"""Words for what a change of a rule would do: who is asked today, and who afterwards, from when on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.core.policy.affected import Whom
from mfa_app.core.policy.devices import Devices
from mfa_app.core.policy.foresight import Foresight
from mfa_app.core.policy.impact import Impact, Step
from mfa_app.core.policy.rules import RuleValues
from mfa_app.wording import dates
from mfa_app.wording.foresight import standing_cell


def impact_sentences(impact: Impact, before: RuleValues, after: RuleValues) -> Iterator[str]:
    """Return who is asked today and at each step after the change, and who is exempt."""
    now = impact.today.at
    if before.required and not before.in_force(now) and not after.required and before.required_from:
        yield _(
            "Nobody is asked because of this rule yet: it would start on %(date)s.",
            date=dates.weekday(before.required_from),
        )
    elif impact.people or impact.exempt:
        yield from _steps(impact, before, after)
    else:
        yield _("Nobody is under this rule yet.")
    if impact.devices and impact.devices.remembered:
        yield _remembered(impact.devices, impact.today.at)
    if impact.spared:
        yield _spared(impact, before)
    if impact.exempt:
        yield _exempt(impact)


def affected_sentences(impact: Impact) -> list[tuple[Whom, str]]:
    """Return how many people a change affects, in each way in which it affects somebody."""
    asked_again = impact.devices.people if impact.devices else 0
    people = {
        Whom.NEWLY: ngettext(
            "%(num)s person is newly asked for a code",
            "%(num)s people are newly asked for a code",
            impact.newly,
        ),
        Whom.NO_LONGER: ngettext(
            "%(num)s person is no longer asked for a code",
            "%(num)s people are no longer asked for a code",
            impact.no_longer,
        ),
        Whom.STILL: ngettext(
            "%(num)s person is asked as today", "%(num)s people are asked as today", impact.still
        ),
        Whom.TO_SET_UP: ngettext(
            "%(num)s person must set up an app or passkey",
            "%(num)s people must set up an app or passkey, each by their own date",
            impact.to_set_up,
        ),
        Whom.SPARED: ngettext(
            "%(num)s person no longer has to set up an app or passkey",
            "%(num)s people no longer have to set up an app or passkey",
            impact.spared,
        ),
        Whom.DEVICES: ngettext(
            "%(num)s person is asked again on a remembered device",
            "%(num)s people are asked again on a remembered device",
            asked_again,
        ),
        Whom.EXEMPT: ngettext("%(num)s person is exempt", "%(num)s people are exempt", impact.exempt),
    }
    counts = impact.newly, impact.no_longer, impact.still, impact.to_set_up, impact.spared, asked_again
    return [item for item, count in zip(people.items(), (*counts, impact.exempt), strict=True) if count]


def list_title(whom: Whom) -> str:
    """Return the title of a list of people whom a change affects in this way."""
    return {
        Whom.NEWLY: _("Newly asked for a code"),
        Whom.NO_LONGER: _("No longer asked for a code"),
        Whom.STILL: _("Asked as today"),
        Whom.TO_SET_UP: _("Must set up an app or passkey"),
        Whom.SPARED: _("No longer have to set up an app or passkey"),
        Whom.DEVICES: _("Asked again on a remembered device"),
        Whom.EXEMPT: _("Exempt"),
    }[whom]


def cell_today(person: Foresight, whom: Whom) -> str:
    """Return what a list of people says about somebody as things are."""
    if whom is Whom.DEVICES:
        return _("Not asked on a remembered device")
    return standing_cell(person.before, person.subject.facts)


def cell_after(person: Foresight) -> str:
    """Return what a list of people says about somebody after the change."""
    return standing_cell(person.after, person.facts)


def _remembered(devices: Devices, now: datetime) -> str:
    count = ngettext(
        "Today %(num)s device is remembered", "Today %(num)s devices are remembered", devices.remembered
    )
    again = ngettext("%(num)s of them is asked again", "%(num)s of them are asked again", devices.asked_again)
    if not devices.asked_again:
        again = ngettext("it is not asked again", "none of them is asked again", devices.remembered)
    elif devices.asked_again == devices.remembered:
        again = ngettext("it is asked again", "all of them are asked again", devices.remembered)
    if devices.asked_again and devices.at > now:
        day = dates.weekday(devices.at)
        return _("%(count)s; from %(date)s on, %(again)s.", count=count, date=day, again=again)
    return _("%(count)s; %(again)s.", count=count, again=again)


def _spared(impact: Impact, before: RuleValues) -> str:
    words = ngettext(
        "%(num)s person no longer has to set up an app or passkey",
        "%(num)s people no longer have to set up an app or passkey",
        impact.spared,
    )
    if impact.spared_from is None or impact.spared_from <= impact.today.at:
        return _("%(count)s.", count=words)
    if impact.spared_from == before.required_from:
        return _("%(count)s by %(date)s.", count=words, date=dates.weekday(impact.spared_from))
    return _(
        "%(count)s, the last of them by %(time)s.", count=words, time=dates.weekday_time(impact.spared_from)
    )


def _steps(impact: Impact, before: RuleValues, after: RuleValues) -> Iterator[str]:
    now = impact.today.at
    yield _step(_("Today"), impact.today, before)
    for step in impact.steps:
        unchanged = replace(step, at=now) == impact.today
        if step.at == now and unchanged and len(impact.steps) > 1:
            continue
        yield _step(_when(step, now, after), step, after)


def _when(step: Step, now: datetime, after: RuleValues) -> str:
    if step.at == now:
        return _("At once")
    if step.at == after.required_from:
        return _("From %(date)s", date=dates.weekday(step.at))
    return _("From %(time)s, when the last grace period is over", time=dates.weekday_time(step.at))


def _step(when: str, step: Step, rule: RuleValues) -> str:
    count = ngettext("%(num)s person is asked for a code", "%(num)s people are asked for a code", step.asked)
    if rule.required and rule.passkey_only:
        count = ngettext(
            "%(num)s person is asked for a passkey or a code",
            "%(num)s people are asked for a passkey or a code",
            step.asked,
        )
    if not step.asked:
        return _("%(when)s: nobody is asked for a code.", when=when)
    first = []
    if step.to_link:
        first.append(_("%(num)s must set up an app or passkey first", num=step.to_link))
    if step.to_add_passkey:
        first.append(_("%(num)s must add a passkey first", num=step.to_add_passkey))
    if not first:
        return _("%(when)s: %(count)s.", when=when, count=count)
    return _("%(when)s: %(count)s (%(first)s).", when=when, count=count, first=", ".join(first))


def _exempt(impact: Impact) -> str:
    names = [
        _("%(email)s until %(date)s", email=email, date=dates.day(end)) for email, end in impact.exemptions
    ]
    if more := impact.exempt - len(names):
        names.append(ngettext("%(num)s more", "%(num)s more", more))
    return _("Exempt: %(names)s.", names=", ".join(names))
