"""Imports a file into a new site: `python -m bench.people_file --people 100000 --instance DIR`.

Each person of the file is new, and in one of 200 groups. It is read as by the job, and saved as from a page.
"""

import resource
import time
from collections.abc import Callable

import click

from bench.app import app_of
from mfa_app.cli.support import migrations
from mfa_app.core.common import clock
from mfa_app.core.common.actor import Actor, ActorKind
from mfa_app.core.imports import reading, saving, stored
from mfa_app.core.imports.plan import ImportOptions
from mfa_app.extensions import db

GROUPS = 200

TERMINAL = Actor(ActorKind.TERMINAL, "bench")


@click.command()
@click.option("--people", type=click.IntRange(1001), default=100_000, show_default=True)
@click.option("--instance", type=click.Path(file_okay=False), help="Instance folder: keys, and SQLite.")
@click.option("--database", help="A PostgreSQL address instead of SQLite.")
def main(people: int, instance: str | None, database: str | None) -> None:
    """Import a file of so many people, and print what it cost."""
    with app_of(instance, database).app_context():
        migrations.bring_to_head()
        _measure(_file_of(people))


def _measure(file: bytes) -> None:
    options, before = ImportOptions(create_groups=True), _memory()
    kept = stored.upload(file, "people.csv", options, actor=TERMINAL, now=clock.now())
    db.session.commit()
    _print("read", lambda: reading.read(kept))
    stored.start(kept, actor=TERMINAL, now=clock.now())
    db.session.commit()
    _print("saved, in one transaction", lambda: _save(kept.id))
    click.echo(f"memory: {_memory() - before} MiB more than before, with a file of {len(file) >> 20} MiB")


def _save(import_id: str) -> None:
    kept = stored.find(import_id, actor=TERMINAL)
    if kept is not None:
        saving.save(kept, now=clock.now())
        db.session.commit()


def _print(what: str, act: Callable[[], object]) -> None:
    began, spent = time.perf_counter(), time.process_time()
    act()
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    click.echo(f"{what}: {seconds:.1f} s, of these {spent:.1f} s of this process's CPU")


def _file_of(people: int) -> bytes:
    rows = (
        f"person{number:06}@firma.nl;Anna{number % 977} Berg{number % 1009};Team {number % GROUPS}\n"
        for number in range(people)
    )
    return ("Email;Name;Groups\n" + "".join(rows)).encode()


def _memory() -> int:
    """Return the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    main()
