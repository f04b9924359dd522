"""What the commands that reset somebody say when it is done."""

from flask_babel import gettext as _

from mfa_app.core.common import clock
from mfa_app.core.helpdesk import next_login
from mfa_app.core.helpdesk.next_login import NextLogin
from mfa_app.models import User
from mfa_app.wording.commands import command_line


def lines_of_reset(user: User) -> list[str]:
    """Return what a reset has done, and what the next login takes that the caller doesn't have yet."""
    done = _("2-factor authentication reset for %(email)s. All sessions have ended.", email=user.email)
    takes = next_login.after_reset(user, now=clock.now())
    if takes is NextLogin.ACCESS_PASS:
        command = command_line(f"users pass {user.email}")
        return [
            done,
            _("Linking an app now needs an access pass. To make one, run: %(command)s", command=command),
        ]
    if takes is NextLogin.EXEMPT:
        return [done, _("This person is exempt, and logs in with the password alone.")]
    return [done]
