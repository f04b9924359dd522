"""`second-gate audit verify` and `audit anchor`: whether the audit trail was changed since an anchor."""

import click
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.support.command import CommandError, command_transaction
from mfa_app.cli.support.output import say
from mfa_app.core.audit import anchors, chain, verification
from mfa_app.core.audit.chain import Anchor
from mfa_app.core.audit.verification import Finding, Flaw
from mfa_app.settings import Settings
from mfa_app.site import site


class AnchorText(click.ParamType[Anchor]):
    """An anchor as `audit anchor` prints it."""

    name = "N:MAC"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Anchor:
        """Return the anchor that was typed. A text that is no anchor is rejected."""
        anchor = anchors.parse(value)
        if anchor is None:
            self.fail("it must be a number, a colon and 64 hexadecimal digits, such as 17:9f2c….", param, ctx)
        return anchor


@click.command("verify")
@click.option(
    "--anchor",
    "typed",
    type=AnchorText(),
    help="Compare with this anchor, not with the file of anchors.",
)
@command_transaction
def verify(typed: Anchor | None) -> None:
    """Check that no row of the audit trail was changed or removed."""
    stored = [typed] if typed else anchors.read(site()[Settings])
    finding = verification.verify(*stored)
    if finding is not None:
        raise CommandError(sentence_of(finding))
    count = chain.head().last
    say(ngettext("The trail is intact: %(num)s row.", "The trail is intact: %(num)s rows.", count))
    if not stored:
        say(_("There is no anchor yet, so rows cut off at the end can't be detected."))


@click.command("anchor")
@command_transaction
def anchor() -> None:
    """Print the number and the MAC of the last row. Keep them where nobody can change them."""
    say(anchors.format_anchor(chain.head()))


def sentence_of(finding: Finding) -> str:
    """Return the sentence about what is wrong with the trail."""
    row = finding.row
    return {
        Flaw.MISSING: _("Row %(row)s of the audit trail is missing.", row=row),
        Flaw.OUT_OF_PLACE: _("Row %(row)s of the audit trail does not follow the row before it.", row=row),
        Flaw.CHANGED: _("Row %(row)s of the audit trail was changed.", row=row),
        Flaw.NOT_ANCHORED: _("Row %(row)s of the audit trail does not match its anchor.", row=row),
        Flaw.CUT: _("The end of the audit trail was cut off, from row %(row)s on.", row=row),
        Flaw.HEAD: _("The head of the audit trail does not match its last row, %(row)s.", row=row),
    }[finding.what]
