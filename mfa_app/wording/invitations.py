"""Words for how far an invitation has come, in the list of all and to filter it."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from mfa_app.core.users.invitation_list import Stage
from mfa_app.core.users.invitations import State

# Each with the tone in which pages show it.
_STATES = {
    State.ACCEPTED: (_l("Accepted"), "good"),
    State.ENDED: (_l("Ended with all other access"), "bad"),
    State.REFUSED: (_l("Email refused"), "bad"),
    State.EXPIRED: (_l("Expired"), "warn"),
    State.OPENED: (_l("Opened"), "accent"),
    State.WAITING: (_l("Waiting to be sent"), "neutral"),
    State.SENT: (_l("Sent"), "neutral"),
}

STAGES = {
    Stage.WAITING: _l("Waiting to be sent"),
    Stage.SENT: _l("Sent"),
    Stage.OPENED: _l("Opened, no password yet"),
    Stage.REFUSED: _l("Email refused"),
    Stage.EXPIRED: _l("Expired"),
    Stage.ENDED: _l("Ended with all other access"),
    Stage.ASKED: _l("New link wanted"),
    Stage.ACCEPTED: _l("Accepted"),
}


def state_pill(state: State) -> tuple[str, str]:
    """Return a state in a word or a few, and its tone."""
    text, tone = _STATES[state]
    return str(text), tone


def state_in_words(state: State, *, asked: bool) -> str:
    """Return a state in words alone. `asked`: its owner has asked for a new link."""
    text, _tone = state_pill(state)
    return _("%(state)s, new link wanted", state=text) if asked and state is not State.ACCEPTED else text


def pass_on_links() -> str:
    """Say how people get links where no email leaves the site."""
    return _("No mail server is set up: you pass on a link from each person's page.")
