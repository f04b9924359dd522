"""`flask audit verify` and `audit anchor`: was the trail changed, and what to hold it against later."""

from collections.abc import Iterator

import click
from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.cli.terminal import Stop, saves
from mfa_app.core.audit import anchors, chain, verification
from mfa_app.core.audit.chain import Anchor
from mfa_app.core.audit.verification import Finding, Flaw


class AnchorText(click.ParamType):
    """An anchor as `audit anchor` prints it."""

    name = "N:MAC"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Anchor:
        """Return the anchor that was typed."""
        anchor = anchors.parse(value)
        if anchor is None:
            self.fail("it is not like 17:9f2c…, a number and 64 digits.", param, ctx)
        return anchor


@click.command("verify")
@click.option("--anchor", "given", type=AnchorText(), help="Hold the trail against this, and not the file.")
@saves
def verify(given: Anchor | None) -> Iterator[str]:
    """Check each row of the trail, and that none was cut off since the last anchor."""
    kept = [given] if given else anchors.read(current_app.config["SETTINGS"])
    finding = verification.verify(*kept)
    if finding is not None:
        raise Stop(_told(finding))
    count = chain.head().last
    yield ngettext("The trail is whole: %(num)s row.", "The trail is whole: %(num)s rows.", count)
    if not kept:
        yield _("There is no anchor yet, so rows cut off at the end would not show.")


@click.command("anchor")
@saves
def anchor() -> Iterator[str]:
    """Print the number and the seal of the last row, to be kept where nobody can change it."""
    yield anchors.format_anchor(chain.head())


def _told(finding: Finding) -> str:
    row = finding.row
    return {
        Flaw.MISSING: _("Row %(row)s of the audit trail is missing.", row=row),
        Flaw.OUT_OF_PLACE: _("Row %(row)s of the audit trail does not follow the one before it.", row=row),
        Flaw.CHANGED: _("Row %(row)s of the audit trail was changed.", row=row),
        Flaw.NOT_ANCHORED: _("Row %(row)s of the audit trail is not the one that was anchored.", row=row),
        Flaw.CUT: _("The end of the audit trail was cut off: from row %(row)s on.", row=row),
        Flaw.HEAD: _("The head of the audit trail does not fit row %(row)s, its last.", row=row),
    }[finding.what]
