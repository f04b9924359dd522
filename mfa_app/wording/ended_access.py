"""Why somebody was logged out, as the next login says it."""

from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from mfa_app.core.sessions.ended_access import EndedAccess
from mfa_app.core.sessions.revocation import EndedBy, RevocationReason
from mfa_app.wording import dates

_WHO = {
    EndedBy.OWNER: _l("you"),
    EndedBy.HELPDESK: _l("the help desk"),
    EndedBy.ADMIN: _l("an administrator"),
    EndedBy.LINK: _l("someone with a link from an email to you"),
    EndedBy.SITE: _l("this site"),
}

_BY_OTHERS = {
    RevocationReason.PASSWORD_CHANGED: _l("You were logged out because %(who)s set a new password %(when)s."),
    RevocationReason.LINKED: _l("You were logged out because %(who)s linked an authentication app %(when)s."),
    RevocationReason.UNLINKED: _l(
        "You were logged out because %(who)s removed one of your authentication apps %(when)s."
    ),
    RevocationReason.PASSKEY_ADDED: _l("You were logged out because %(who)s added a passkey %(when)s."),
    RevocationReason.PASSKEY_REMOVED: _l(
        "You were logged out because %(who)s removed one of your passkeys %(when)s."
    ),
    RevocationReason.RESET: _l(
        "You were logged out because %(who)s reset your 2-factor authentication %(when)s."
    ),
    RevocationReason.BREAK_GLASS: _l("You were logged out because %(who)s used a break-glass code %(when)s."),
    RevocationReason.DISABLED: _l("You were logged out because %(who)s disabled your account %(when)s."),
    RevocationReason.ACCOUNT_LOCKED: _l("You were logged out because %(who)s locked your account %(when)s."),
    RevocationReason.ROLE_CHANGED: _l("You were logged out because %(who)s changed your role %(when)s."),
    RevocationReason.ADDRESS_CHANGED: _l(
        "You were logged out because %(who)s changed your email address %(when)s."
    ),
    RevocationReason.LOGGED_OUT_EVERYWHERE: _l(
        "You were logged out because %(who)s ended all your sessions %(when)s."
    ),
}

_BY_OWNER = {
    RevocationReason.PASSWORD_CHANGED: _l(
        "You were logged out because you changed your password in another browser %(when)s."
    ),
    RevocationReason.LINKED: _l(
        "You were logged out because you linked an authentication app in another browser %(when)s."
    ),
    RevocationReason.UNLINKED: _l(
        "You were logged out because you removed an authentication app in another browser %(when)s."
    ),
    RevocationReason.PASSKEY_ADDED: _l(
        "You were logged out because you added a passkey in another browser %(when)s."
    ),
    RevocationReason.PASSKEY_REMOVED: _l(
        "You were logged out because you removed a passkey in another browser %(when)s."
    ),
    RevocationReason.BREAK_GLASS: _l(
        "You were logged out because you used a break-glass code in another browser %(when)s."
    ),
    RevocationReason.ACCOUNT_LOCKED: _l(
        "You were logged out because you locked your account in another browser %(when)s."
    ),
    RevocationReason.LOGGED_OUT_EVERYWHERE: _l(
        "You were logged out because you logged out everywhere in another browser %(when)s."
    ),
}


def why_ended(ended: EndedAccess, now: datetime) -> str:
    """Return who ended somebody's sessions by what, and when, with advice if it may have been a thief."""
    sentence, who = _BY_OTHERS[ended.because], str(_WHO[ended.by])
    if ended.by is EndedBy.OWNER:
        sentence = _BY_OWNER.get(ended.because, sentence)
    said = str(sentence) % {"who": who, "when": dates.at_time(ended.at, now)}
    if ended.by not in (EndedBy.OWNER, EndedBy.LINK):
        return said
    return _("%(said)s If that wasn't you, tell the help desk.", said=said)
