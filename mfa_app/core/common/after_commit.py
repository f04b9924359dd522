"""What follows a commit: the observers of whatever was queued in it are called, once it has succeeded."""

from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.orm import Session

from mfa_app.extensions import db
from mfa_app.site import site

_QUEUED = "observers_of_what_is_queued"


class CommitObservers:
    """Functions that an application calls after a commit. Each kind of thing that is queued has a class."""

    def __init__(self, *observers: Callable[[], None]) -> None:
        self.observers = observers

    @classmethod
    def call_after_commit(cls) -> None:
        """Let the application's observers of this class be called once, if this transaction is committed."""
        db.session().info.setdefault(_QUEUED, {})[cls] = None


@event.listens_for(Session, "after_commit")
def _call_observers(session: Session) -> None:
    for kind in session.info.pop(_QUEUED, ()):
        for observer in site()[kind].observers:
            observer()


@event.listens_for(Session, "after_rollback")
def _forget_queued(session: Session) -> None:
    session.info.pop(_QUEUED, None)
