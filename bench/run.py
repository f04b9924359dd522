"""The site's speed against what is possible on this machine, in one run: `make bench`.

Writes RESULTS.md for people, and results.json for `make bench-check`.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from bench import administration, first_visit, machine, measures, report, statements, storm
from bench.browser import Browser
from bench.options import Options
from bench.resources import peak_mib
from bench.results import HASH, HELLO, KEPT, Results, Sample
from bench.servers import Server
from bench.sites import ACTIVE, BESIDES, Site, all_sites

VISITORS, CONNECTIONS = 4, 4
ALONE = 15
SWITCHES = 2
OPENED = 5  # each page of an administrator at least: some take long

Case = tuple[str, Callable[[], Sample]]


def _sizes(_context: click.Context, _option: click.Parameter, value: str) -> tuple[int, ...]:
    return tuple(sorted(int(size) for size in value.split(",")))


@click.command()
@click.option("--sizes", default="1000,100000", callback=_sizes, help="Numbers of people: 1000,100000.")
@click.option("--rounds", default=Options.rounds, help=f"How often everything is measured: {Options.rounds}.")
@click.option("--seconds", default=Options.seconds, help=f"Seconds for each page: {Options.seconds}.")
@click.option(
    "--logins", default=Options.logins, help=f"Logins of 4 visitors in each round: {Options.logins}."
)
@click.option("--trail", default=Options.trail, help=f"Rows of the trail for each person: {Options.trail}.")
@click.option("--folder", help="Keep the seeded sites here, and use those that are here.")
@click.option("--server", help="A PostgreSQL on which to make a database for each size.")
@click.option("--to", default=str(KEPT.parent), help="Folder of RESULTS.md and results.json: bench.")
def main(to: str, **chosen: Any) -> None:
    """Measure, and write down what was found."""
    results, folder = measure(Options(**chosen)), Path(to)
    folder.mkdir(parents=True, exist_ok=True)
    results.save(folder / KEPT.name)
    text = report.write(results)
    (folder / "RESULTS.md").write_text(text, "utf-8")
    print(text)


def measure(options: Options) -> Results:
    """Measure everything, in rounds whose order alternates, so that a slow minute hits all alike."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # and the servers with it
    _require_accounts(options)
    results = Results(options.kept(), machine={**machine.describe(), "command": _command(options)})
    with all_sites(options) as (hello, sites):
        cases = list(_cases(options, hello, sites))
        for number in range(options.rounds):
            print(f"Round {number + 1} of {options.rounds}", flush=True)
            for name, case in cases if number % 2 == 0 else cases[::-1]:
                results.add(name, case())
            for name, sample in administration.preview_and_switch(
                sites[-1].server, sites[-1].administrator, SWITCHES
            ).items():
                results.add(_of(name, sites[-1]), sample)
        results.counts |= _counts(sites[0])
        results.storm |= storm.measure(sites[0].server, sites[0].accounts)
    results.machine["load after"] = " ".join(f"{load:.1f}" for load in os.getloadavg())
    return results


def _require_accounts(options: Options) -> None:
    """Raise UsageError if the smallest site has too few people: an account logs in once."""
    needed = options.rounds * (options.logins + ALONE) + storm.AT_ONCE + BESIDES
    there = min(ACTIVE, *options.sizes)
    if needed > there:
        raise click.UsageError(f"That takes {needed:,} accounts, and the smallest site has {there:,}.")


def _cases(options: Options, hello: Server, sites: list[Site]) -> Iterator[Case]:
    page = partial(measures.page, seconds=options.seconds, connections=CONNECTIONS)
    nobody = Browser(hello.port)
    yield HASH, partial(measures.hashes, options.seconds)
    yield HELLO, partial(page, hello, "/", nobody)
    for site in sites:
        many = partial(measures.logins, site.server, site.accounts)
        yield _of("login, 4 visitors", site), partial(many, visitors=VISITORS, count=options.logins)
        yield _of("login, 1 visitor", site), partial(many, visitors=1, count=ALONE)
        yield _of("login page", site), partial(page, site.server, "/login", Browser(site.server.port))
        yield _of("signed-in page", site), partial(page, site.server, "/", site.staff)
    alone = partial(measures.page, seconds=options.seconds / 3, connections=1, at_least=OPENED)
    for name, path in administration.PAGES.items():
        yield _of(name, sites[-1]), partial(alone, sites[-1].server, path, sites[-1].administrator)


def _counts(site: Site) -> dict[str, float]:
    """Return what is counted once, on the smallest site."""
    found: dict[str, float] = {
        "memory of all processes, MiB": round(peak_mib(site.server.pid)),
        "first visit, kB": first_visit.kilobytes(site.server),
    }
    if "MFA_DATABASE_URL" not in site.environment:
        steps = statements.count_of_a_login(site.environment, site.accounts)
        for kind in ("reads", "writes", "pings", "pragmas", "commits"):
            found[f"{kind} of SQLite for a login"] = sum(step[kind] for step in steps.values())
    return found


def _of(name: str, site: Site) -> str:
    return f"{name}, {site.people:,} people"


def _command(options: Options) -> str:
    sizes = ",".join(map(str, options.sizes))
    server = " --server …" if options.server else ""
    return (
        f"python -m bench.run --sizes {sizes} --rounds {options.rounds} --seconds {options.seconds:g} "
        f"--logins {options.logins} --trail {options.trail}{server}"
    )


if __name__ == "__main__":
    main()
