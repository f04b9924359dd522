"""What pages with passkeys share: the form that a script sends, and whether passkeys work at this address."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from flask import current_app, flash, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField
from wtforms.validators import InputRequired

from mfa_app.core.common import clock
from mfa_app.core.common.clock import is_fresh
from mfa_app.core.factors.relying_party import relying_party
from mfa_app.core.policy import rules
from mfa_app.core.policy.levels import Level
from mfa_app.core.sessions.sessions import Identity
from mfa_app.web.ui.forms import Form, flash_refusals
from mfa_app.wording.policy import why_passkey

ALONE = "passkey_alone"  # in app.extensions: when the rules were asked, and what they said

ASKED_EVERY = timedelta(minutes=1)  # so that the login page costs no statement


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

    def flash_errors(self) -> None:
        """Say at the top of the next page what is wrong: what the script puts in has no place on a page."""
        for sentence in self.credential.errors:
            flash(sentence, "danger")


def works_here() -> bool:
    """Return whether passkeys work at the address at which this page was opened."""
    party = relying_party()
    return party is not None and request.host.partition(":")[0] == party.id


def alone_somewhere() -> bool:
    """Return whether some rule lets a passkey log in alone, and it works here; asked once a minute."""
    known: tuple[datetime, bool] | None = current_app.extensions.get(ALONE)
    if known is None or not is_fresh(known[0], ASKED_EVERY, now=clock.now()):
        known = current_app.extensions[ALONE] = (clock.now(), rules.passkey_alone_anywhere())
    return known[1] and works_here()


def ways_of(identity: Identity) -> dict[str, int | bool]:
    """Return which factors a page can ask this user for: `app`, and `passkey` where that works.

    `passkey_only`: no code counts for this user, so the page asks for none. `passkey_elsewhere`: there is an
    address at which passkeys work.
    """
    passkey = identity.subject.passkeys
    only = passkey and identity.decision.level is Level.PHISHING_RESISTANT
    app = bool(identity.subject.authenticators) and not only
    elsewhere = passkey and passkey_origin() is not None
    return {
        "app": app,
        "passkey": passkey and works_here(),
        "passkey_only": only,
        "passkey_elsewhere": elsewhere,
    }


@contextmanager
def refusing_codes(form: Form, identity: Identity) -> Iterator[None]:
    """Show the refusal of a code at its field, or as a message where the page has none; then go on."""
    with form.refusing() if ways_of(identity)["app"] else flash_refusals():
        yield


def passkey_words(identity: Identity) -> dict[str, str]:
    """Return the words of the page's form for passkeys, for a user who has one."""
    if not identity.subject.passkeys:
        return {}
    answer = url_for("auth.answer_by_passkey", next=request.args.get("next"))
    demand = identity.decision.passkey
    why = why_passkey(demand) if demand else ""
    return {"passkey_url": answer, "passkey_origin": passkey_origin() or "", "passkey_why": why}


def passkey_origin() -> str | None:
    """Return the origin at which passkeys work, or None if they work nowhere on this site."""
    party = relying_party()
    return party.origin if party else None
