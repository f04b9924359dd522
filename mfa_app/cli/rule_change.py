"""What `groups require` and `policy everyone` do: change a rule, or say what that would do, and to whom."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click
from flask_babel import gettext as _

from mfa_app.cli.rule_lines import impact_lines
from mfa_app.cli.rule_options import changed
from mfa_app.cli.support.command import current_actor
from mfa_app.cli.support.output import say, table
from mfa_app.core.common import clock
from mfa_app.core.policy import affected, impact, rules
from mfa_app.core.policy.affected import Whom
from mfa_app.core.policy.foresight import Foresight
from mfa_app.core.policy.rules import RuleValues
from mfa_app.models import Group
from mfa_app.wording.impact import cell_after, cell_today


def change_rule(
    scope: Group | None,
    *,
    required: bool,
    done: Sequence[str],
    preview: bool,
    whom: str | None,
    mail_text: str | None,
    **options: Any,
) -> None:
    """Set the rule of a group, or of everyone (None), and print the lines `done` and what that does.

    With `preview`, print only the latter, or, with `whom`, the people of one list. Raises CommandError, and
    what `rules.set_rule` raises.
    """
    if whom is not None and not preview:
        raise click.UsageError(_("--people needs --preview."))
    now, before = clock.now(), rules.values_of(scope)
    values = changed(before, required=required, **options)
    if whom is not None:
        say(*_people(scope, values, Whom(whom), now))
        return
    foresight = impact.preview_impact(scope, values, now=now)
    if not preview:
        seen = rules.version_of(scope)
        actor = current_actor()
        rules.set_rule(scope, values, mail_text=mail_text, expected_version=seen, actor=actor, now=now)
        say(*done)
    if preview or required or values != before:
        say(*impact_lines(foresight, before, values))


def own_words(scope: Group | None) -> Iterator[str]:
    """Return the line with the words in the emails of a rule, if there are any."""
    if words := rules.mail_text_of(scope):
        yield _("Words in its emails: %(words)s", words=words)


def _people(scope: Group | None, values: RuleValues, whom: Whom, now: datetime) -> Iterator[str]:
    rows = [_row(one, whom) for one in affected.all_of(scope, values, whom, now=now)]
    head = (_("EMAIL ADDRESS"), _("NAME"), _("TODAY"), _("AFTER THIS CHANGE"))
    yield from table(head, rows) if rows else [_("Nobody.")]


def _row(one: Foresight, whom: Whom) -> tuple[str, ...]:
    user = one.subject.user
    return user.email, user.name, cell_today(one, whom), cell_after(one)
