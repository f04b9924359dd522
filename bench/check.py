"""Whether the site has become slower since the kept run: `make bench-check`."""

import sys
from pathlib import Path

import click

from bench.judge import complaints
from bench.options import Options
from bench.results import KEPT, load
from bench.run import measure


@click.command()
@click.argument("measured", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--against", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=KEPT)
def main(measured: Path | None, against: Path) -> None:
    """Compare a run, or a new one, with the kept one. Fails if anything is 20 % worse."""
    kept = load(against)
    found = complaints(kept, load(measured) if measured else measure(Options(**kept.options)))
    print("\n".join([*found, "Slower than the kept run."] if found else ["No slower than the kept run."]))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
