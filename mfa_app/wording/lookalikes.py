"""The warning about an email address that can be taken for another one."""

from flask_babel import gettext as _

from mfa_app.core.common.lookalikes import lookalikes, script_of


def lookalike_warning(email: str) -> str | None:
    """Return a warning about letters that look like Latin ones, or None if the address has none."""
    letters = lookalikes(email)
    if not letters:
        return None
    named = ", ".join(f"{letter} ({script_of(letter).capitalize()})" for letter in letters)
    return _(
        "%(email)s has letters that look like ordinary ones but are others: %(letters)s. If that is a "
        "mistake, correct the address. Links sent to it then stop working.",
        email=email,
        letters=named,
    )
