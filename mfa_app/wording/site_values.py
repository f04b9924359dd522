"""What counts of the values of the site, in words, and as the text that the setting has."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from mfa_app.core.operations import site_values
from mfa_app.core.operations.site_values import SiteValues
from mfa_app.wording.link_proofs import AFTER_A_RESET

APPROVALS = {
    "yes": _l("Another helper has to approve a risky reset"),
    "no": _l("Every reset is done at once"),
}


def setting_text(values: SiteValues, name: str) -> str:
    """Return the text that the setting of this name has for what counts; empty if nothing does."""
    return site_values.text_of(getattr(values, name))


def in_words(values: SiteValues, name: str) -> str:
    """Return what counts of the value of this name, as pages say it."""
    if name == "applications":
        return ", ".join(application.name for application in values.applications) or _("none")
    if name == "reset_leads_to":
        return str(AFTER_A_RESET[values.reset_leads_to])
    text = setting_text(values, name)
    return str(APPROVALS[text]) if name == "approve_resets" else text or _("none")
