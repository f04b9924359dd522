"""Words for one change to many people: what will happen, to how many, and why somebody is left out."""

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import ngettext

from mfa_app.core.rollout.many import Action, Change, Obstacle, Plan


def question(change: Change, plan: Plan) -> str:
    """Return the title of the page that asks: "Disable 12 accounts?"."""
    number, group = len(plan.people), change.group.name if change.group else ""
    match change.action:
        case Action.JOIN:
            return ngettext(
                "Add %(num)s person to %(group)s?", "Add %(num)s people to %(group)s?", number, group=group
            )
        case Action.LEAVE:
            return ngettext(
                "Remove %(num)s person from %(group)s?",
                "Remove %(num)s people from %(group)s?",
                number,
                group=group,
            )
        case Action.INVITE:
            return ngettext("Invite %(num)s person?", "Invite %(num)s people?", number)
        case Action.REMIND:
            return ngettext("Remind %(num)s person?", "Remind %(num)s people?", number)
        case Action.DISABLE:
            return ngettext("Disable %(num)s account?", "Disable %(num)s accounts?", number)


def consequence(action: Action) -> str:
    """Return what the change means for the people it concerns."""
    return {
        Action.JOIN: _("They become members, and the rule of the group applies to them."),
        Action.LEAVE: _("Their membership ends. Other groups and rules still apply to them."),
        Action.INVITE: _("Earlier links stop working."),
        Action.REMIND: _(
            "Each gets an email that says by when to link an app. People who haven't chosen a password get "
            "the invitation again."
        ),
        Action.DISABLE: _(
            "They are logged out everywhere at once and can't log in any more. You can enable each account "
            "again on its page."
        ),
    }[action]


def button(action: Action) -> str:
    """Return what the button that does it says."""
    return {
        Action.JOIN: _("Add them"),
        Action.LEAVE: _("Remove them"),
        Action.INVITE: _("Invite them"),
        Action.REMIND: _("Remind them"),
        Action.DISABLE: _("Disable the accounts"),
    }[action]


def done(change: Change, plan: Plan) -> str:
    """Return what has been done."""
    number, group = len(plan.people), change.group.name if change.group else ""
    match change.action:
        case Action.JOIN:
            return ngettext(
                "%(num)s person added to %(group)s.",
                "%(num)s people added to %(group)s.",
                number,
                group=group,
            )
        case Action.LEAVE:
            return ngettext(
                "%(num)s person removed from %(group)s.",
                "%(num)s people removed from %(group)s.",
                number,
                group=group,
            )
        case Action.INVITE:
            return ngettext("%(num)s person invited.", "%(num)s people invited.", number)
        case Action.REMIND:
            return ngettext("%(num)s person reminded.", "%(num)s people reminded.", number)
        case Action.DISABLE:
            return ngettext(
                "%(num)s account disabled. All its access has ended.",
                "%(num)s accounts disabled. All their access has ended.",
                number,
            )


def left_out(plan: Plan) -> Iterator[str]:
    """Yield, for each reason, who is left out: "Already in the group: Alice, Bob"."""
    for obstacle, users in plan.left_out.items():
        names = ", ".join(user.name or user.email for user in users)
        yield _("%(why)s: %(names)s", why=_why(obstacle), names=names)


def _why(obstacle: Obstacle) -> str:
    return {
        Obstacle.OWN_ACCOUNT: _("Left out, because nobody can do this to their own account"),
        Obstacle.OWN_REQUIREMENT: _("Left out, because nobody can lift their own requirement"),
        Obstacle.ADMINISTRATOR: _("Left out, because administrators are disabled one by one, on their pages"),
        Obstacle.DISABLED: _("Left out, because the account is already disabled"),
        Obstacle.CLOSED: _("Left out, because the account is disabled, locked or ended"),
        Obstacle.MEMBER: _("Left out, because already in the group"),
        Obstacle.NO_MEMBER: _("Left out, because not in the group"),
        Obstacle.PASSWORD_CHOSEN: _("Left out, because a password has been chosen already"),
        Obstacle.NOTHING_TO_REMIND: _(
            "Left out, because there is nothing to link, a reminder was sent today, or emails are refused"
        ),
    }[obstacle]
