"""What the doctor finds: a sentence and its cure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from flask_babel import gettext as _

from mfa_app.extensions import db


@dataclass(frozen=True)
class Finding:
    """A problem and how to fix it. `wrong` is an error, otherwise it is a warning."""

    sentence: str
    cure: str
    wrong: bool = False


def examine(check: Callable[..., Iterable[Finding]], *about: object) -> Iterator[Finding]:
    """Yield what a check finds. A check that fails itself is a finding, so that the others still run."""
    try:
        yield from check(*about)
    except Exception as error:
        db.session.rollback()
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        yield Finding(
            _("A check could not be finished: %(reason)s", reason=reason),
            _("The other checks were made. If the reason is nothing that you can fix, report a bug."),
            wrong=True,
        )
