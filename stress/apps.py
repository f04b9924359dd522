"""Lets programs that nobody here wrote read our QR codes, and writes docs/apps.md: `make apps`.

The names are those of tests/support/odd_names.py. Exits with 1 if a program is missing, or reads anything
else than the site says.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pyotp

from mfa_app.core.factors import totp
from mfa_app.settings import PROJECT_ROOT
from stress.app_programs import MOMENTS, PROGRAMS, Entry, Program, Reading, missing, modules
from tests.support.odd_names import PAIRS

TABLE = PROJECT_ROOT / "docs" / "apps.md"
COLUMNS = [field.name for field in fields(Reading)]
TEXT = """# Programs that read our QR codes

`make apps` wrote this page on {day}. It draws the QR codes of {count} pairs of a site and a person, lets
programs that are not ours read them, and compares what they read, and their codes at {moments} moments, with
what the site holds. The pictures are as small as on the page. "–" means that the program doesn't say, or
doesn't ask.

| Program | Version | QR code | Site | Person | Setup key | Period | Codes |
|---|---|---|---|---|---|---|---|
{rows}

{differences}

zbarimg and zxing-cpp read pictures. oathtool gets the setup key, as people who type it do. All others get
the address that is in the QR code, without algorithm, digits and period: each of them takes SHA-1, 6 digits
and 30 seconds for granted.

Apps for phones can't be run here. The Key URI Format, which came with Google's app, has the same defaults.

## The names

Colons are left out, because they separate the site from the person. What is longer than {limit} bytes is cut.

| Site | Person | Modules on a side |
|---|---|---|
{names}
"""


def main() -> None:
    """Ask every program, write the page, and print what differs."""
    install()
    entries = [entry(site, person) for site, person in PAIRS]
    rows, differences = [], []
    for program in PROGRAMS:
        print(f"{program.name} ...")
        readings = ask(program, entries)
        rows.append(row(program, entries, readings))
        differences += [
            f"{program.name}: {one.issuer} / {one.account}: {name} is {got!r}"
            for one, reading in zip(entries, readings, strict=True)
            for name, got in wrong(one, reading).items()
        ]
    TABLE.write_text(page(entries, rows, differences), "utf-8")
    print("\n".join(differences) or "All of them read what the site says.")
    sys.exit(bool(differences))


def install() -> None:
    """Make sure that every program is there; as root on Debian by installing it."""
    absent = missing()
    if absent and os.geteuid() == 0 and Path("/usr/bin/apt-get").exists():
        print(f"Installing {', '.join(absent)} ...")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", *absent]):
            subprocess.run(["apt-get", "-qq", *words], check=True, stdout=subprocess.DEVNULL, env=quiet)
        absent = missing()
    if absent:
        sys.exit(f"Missing: {', '.join(absent)}. On Debian: apt install {' '.join(absent)}")


def entry(site: str, person: str) -> Entry:
    """Return what an app should show after it has read our QR code."""
    secret = totp.new_secret()
    uri = totp.provisioning_uri(secret, account=person, issuer=site)
    return Entry(totp.label_of(site), totp.label_of(person), secret, uri)


def ask(program: Program, entries: Sequence[Entry]) -> list[Reading]:
    """Let a program read all of them, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="second-gate-apps-") as folder:
        readings = program.read(entries, Path(folder))
    return readings if len(readings) == len(entries) else [Reading(issuer="refused: all")] * len(entries)


def expected(one: Entry) -> Reading:
    """Return what a program should read."""
    codes = tuple(map(pyotp.TOTP(one.secret).at, MOMENTS))
    return Reading(one.uri, one.issuer, one.account, one.secret, totp.PERIOD_SECONDS, codes)


def wrong(one: Entry, reading: Reading) -> dict[str, object]:
    """Return what a program read that is not so, by its name."""
    right = expected(one)
    return {
        name: got
        for name in COLUMNS
        if (got := getattr(reading, name)) is not None and got != getattr(right, name)
    }


def row(program: Program, entries: Sequence[Entry], readings: Sequence[Reading]) -> str:
    """Return a program's row: for each column, how many of those that it says are right."""
    faults = [wrong(one, reading) for one, reading in zip(entries, readings, strict=True)]
    cells = []
    for name in COLUMNS:
        said = sum(getattr(reading, name) is not None for reading in readings)
        bad = sum(name in fault for fault in faults)
        cells.append(f"{said - bad} of {len(entries)}" if said else "–")
    return f"| {program.name} | {program.version()} | {' | '.join(cells)} |"


def page(entries: Sequence[Entry], rows: Sequence[str], differences: Sequence[str]) -> str:
    """Return docs/apps.md."""
    return TEXT.format(
        day=f"{datetime.now(UTC):%-d %B %Y}",
        count=len(PAIRS),
        moments=len(MOMENTS),
        limit=totp.LABEL_BYTES,
        rows="\n".join(rows),
        differences="\n".join(f"- {line}" for line in differences) or "Nothing differs.",
        names="\n".join(
            f"| {site} | {person} | {modules(one.uri)} |"
            for (site, person), one in zip(PAIRS, entries, strict=True)
        ),
    )


if __name__ == "__main__":
    main()
