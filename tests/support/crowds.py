"""Many browsers that have given a password, for attacks that begin at the page after it."""

from collections.abc import Sequence

from mfa_app.core.sessions import sessions
from tests.support.browser import Visitor
from tests.support.world import VISITOR, World


def after_the_password(world: World, names: Sequence[str]) -> list[Visitor]:
    """Return browsers of people who have given the password, at the page that follows.

    The first has come there by a visit. The others hold its page, and sessions of their own by the verb.
    """
    first = world.password_given(names[0])
    challenged, others = first.current.path == "/login/code", [first.copy() for _ in names[1:]]
    with world.data():
        for name, other in zip(names[1:], others, strict=True):
            user, now = world.user(name), world.clock()
            token, _session = sessions.start(user, actor=VISITOR, now=now, challenged=challenged)
            world.give_session(other, token)
    return [first, *others]
