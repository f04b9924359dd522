"""How far an import has come, and what its row says about its options, its actor and its end."""

import enum
from dataclasses import asdict

from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.common.errors import ImportFileRefused, ImportStale
from mfa_app.core.imports.plan import ImportOptions, Mode
from mfa_app.models import PeopleImport, Role


class State(enum.StrEnum):
    """How far an import has come. The values are stored."""

    READING = "reading"  # a job compares the file with the accounts
    READY = "ready"  # somebody looks at what it would do
    WAITING = "waiting"  # the job is to save it
    SAVING = "saving"
    DONE = "done"
    REFUSED = "refused"  # the file can't be read; see `refusal_of`
    STALE = "stale"  # something has changed since the file was compared; see `refusal_of`
    DROPPED = "dropped"


UNDER_WAY = frozenset({State.WAITING, State.SAVING})  # one at a time

NOT_SAVED = frozenset({State.READING, State.READY, State.REFUSED, State.STALE})


def options_of(an_import: PeopleImport) -> ImportOptions:
    """Return how the file is meant."""
    return ImportOptions(Mode(an_import.mode), an_import.group_id, an_import.leavers, an_import.create_groups)


def actor_of(an_import: PeopleImport) -> Actor:
    """Return who imports, as they were when they last asked for something."""
    return Actor(
        ActorKind(an_import.actor_kind),
        an_import.actor_name,
        an_import.actor_id,
        Role(an_import.actor_role) if an_import.actor_role else None,
        an_import.ip_address,
        an_import.user_agent,
        an_import.actor_stamp,
    )


def note_actor(an_import: PeopleImport, actor: Actor) -> None:
    """Let the import belong to an actor as they are now."""
    an_import.actor_kind, an_import.actor_id, an_import.actor_name = actor.kind, actor.user_id, actor.name
    an_import.actor_role, an_import.actor_stamp = actor.role, actor.security_stamp
    an_import.ip_address, an_import.user_agent = actor.ip_address, actor.user_agent


def note_refusal(an_import: PeopleImport, refusal: ImportFileRefused | ImportStale) -> None:
    """Let the import end with a refusal."""
    of_the_file = isinstance(refusal, ImportFileRefused)
    an_import.state = State.REFUSED if of_the_file else State.STALE
    an_import.refusal = asdict(refusal)


def refusal_of(an_import: PeopleImport) -> ImportFileRefused | ImportStale | None:
    """Return why the import is refused or stale, for its sentence."""
    if an_import.refusal is None:
        return None
    if an_import.state == State.REFUSED:
        return ImportFileRefused(**an_import.refusal)
    return ImportStale(**an_import.refusal)
