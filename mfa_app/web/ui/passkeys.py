"""What pages with passkeys share: the form that a script sends, and whether passkeys work at this address."""

from flask import request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField
from wtforms.validators import InputRequired

from mfa_app.core.factors.relying_party import relying_party
from mfa_app.core.sessions.sessions import Identity
from mfa_app.web.ui.forms import Form


class CredentialField(HiddenField):
    """What a passkey has answered. It is worth as much as a code, so it is in no page and never held."""

    def _value(self) -> str:
        return ""


class PasskeyForm(Form):
    """The answer of a passkey, which the script of the page puts in and sends."""

    credential = CredentialField(
        validators=[InputRequired(_l("Switch on JavaScript to use a passkey, then load this page again."))]
    )
    remember = BooleanField()


def works_here() -> bool:
    """Return whether passkeys work at the address at which this page was opened."""
    party = relying_party()
    return party is not None and request.host.partition(":")[0] == party.id


def ways_of(identity: Identity) -> dict[str, int | bool]:
    """Return which factors a page can ask this user for: `app`, and `passkey` where that works."""
    passkey = identity.subject.passkeys
    return {"app": bool(identity.subject.authenticators), "passkey": passkey and works_here()}


def passkey_words(identity: Identity) -> dict[str, str]:
    """Return the words of the page's form for passkeys, for a user who has one."""
    if not identity.subject.passkeys:
        return {}
    answer = url_for("auth.answer_by_passkey", next=request.args.get("next"))
    return {"passkey_url": answer, "passkey_place": place_to_go() or ""}


def place_to_go() -> str | None:
    """Return the origin at which passkeys work, or None if they work nowhere on this site."""
    party = relying_party()
    return party.origin if party else None
