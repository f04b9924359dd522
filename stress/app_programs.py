"""Programs that nobody here wrote, and how each is asked what it reads from a provisioning URI."""

import base64
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from xml.sax.saxutils import escape

import pyotp
import zxingcpp
from PIL import Image

from mfa_app.settings import PROJECT_ROOT
from mfa_app.web.ui import qr

# What apt installs for them, by the program that shows it is there.
DEBIAN = {
    "oathtool": "oathtool",
    "zbarimg": "zbar-tools",
    "keepassxc-cli": "keepassxc",
    "gpg": "gnupg",
    "pass": "pass",
    "/usr/lib/password-store/extensions/otp.bash": "pass-extension-otp",
    "numberstation": "numberstation",
    "faketime": "faketime",
    "npm": "npm",
}
NPM = {"otpauth": "9.5.2", "otplib": "13.5.0"}
# Seconds since 1970, from RFC 6238, appendix B: the first one's code begins with a zero.
MOMENTS = (1111111109, 1234567890, 2000000000)
SIDE_PIXELS = 248  # of the QR code on the page
KEY_MADE_AT = 1000000000  # earlier than all of them: GnuPG uses no key from the future
NUMBERSTATION = """
import json, sys
sys.path.insert(0, "/usr/share/numberstation")
from numberstation.otpurl import OTPUrl
read = [OTPUrl(uri) for uri in json.load(sys.stdin)]
json.dump([[it.issuer, it.label, it.secret, it.period, it.get_token()[0]] for it in read], sys.stdout)
"""


@dataclass(frozen=True)
class Entry:
    """What an app should show: site, person, key; and the URI that says so."""

    issuer: str
    account: str
    secret: str
    uri: str


@dataclass(frozen=True)
class Reading:
    """What a program read. None: it doesn't say, or doesn't ask."""

    uri: str | None = None
    issuer: str | None = None
    account: str | None = None
    secret: str | None = None
    period: int | None = None
    codes: tuple[str, ...] | None = None


def refused(why: object) -> Reading:
    """Return the reading of a program that refused the address."""
    return Reading(issuer=f"refused: {why}")


@dataclass(frozen=True)
class Program:
    """A program: its name, how to ask for its version, and how to let it read entries in an empty folder."""

    name: str
    version: Callable[[], str]
    read: Callable[[Sequence[Entry], Path], list[Reading]]


def run(
    *words: str, sent: str = "", at: int | None = None, cwd: Path | None = None, env: Mapping[str, str] = {}
) -> str:
    """Run a program, at the moment `at` if given; return what it prints, or nothing if it fails."""
    clock = ("faketime", "-f", f"{datetime.fromtimestamp(at, UTC):@%Y-%m-%d %H:%M:%S}") if at else ()
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", **env}
    done = subprocess.run(
        [*clock, *words], input=sent, capture_output=True, text=True, cwd=cwd, env=environment, timeout=60
    )
    return done.stdout if done.returncode == 0 else ""


def missing() -> list[str]:
    """Return the Debian packages that are not installed."""
    return [package for program, package in DEBIAN.items() if not shutil.which(program)]


def debian(package: str) -> Callable[[], str]:
    """Return what asks for the version of a Debian package."""
    return lambda: run("dpkg-query", "--show", "--showformat=${Version}", package)


def drawn(uri: str) -> Image.Image:
    """Return the QR code as it is sent."""
    return Image.open(io.BytesIO(base64.b64decode(qr.data_uri(uri).partition(",")[2])))


def picture(uri: str) -> Image.Image:
    """Return the QR code as large as it is on the page."""
    return drawn(uri).resize((SIDE_PIXELS, SIDE_PIXELS), Image.Resampling.NEAREST)


def modules(uri: str) -> int:
    """Return how many modules its QR code has on a side."""
    return drawn(uri).width // qr.PIXELS_A_MODULE - 2 * qr.QUIET_ZONE_MODULES


def read_by_zbar(entries: Sequence[Entry], folder: Path) -> list[Reading]:
    """Let zbarimg read the pictures."""
    for number, entry in enumerate(entries):
        picture(entry.uri).save(folder / f"{number}.png")
    command = ("zbarimg", "--quiet", "--raw")
    return [Reading(run(*command, f"{n}.png", cwd=folder).rstrip("\n")) for n in range(len(entries))]


def read_by_zxing(entries: Sequence[Entry], _folder: Path) -> list[Reading]:
    """Let zxing-cpp, which Android apps use too, read the pictures."""
    found = [zxingcpp.read_barcode(picture(entry.uri)) for entry in entries]
    return [Reading(it.text if it else "") for it in found]


def read_by_oathtool(entries: Sequence[Entry], _folder: Path) -> list[Reading]:
    """Let oathtool compute codes of the typed key."""
    return [
        Reading(
            codes=tuple(
                run("oathtool", "--totp", "--base32", f"--now=@{at}", entry.secret).strip() for at in MOMENTS
            )
        )
        for entry in entries
    ]


def read_by_pyotp(entries: Sequence[Entry], _folder: Path) -> list[Reading]:
    """Let pyotp parse the addresses."""
    return [_read_by_pyotp(entry) for entry in entries]


def _read_by_pyotp(entry: Entry) -> Reading:
    try:
        read = pyotp.parse_uri(entry.uri)
    except ValueError as error:
        return refused(error)
    return Reading(None, read.issuer, read.name, read.secret, read.interval, tuple(map(read.at, MOMENTS)))


def read_by_keepassxc(entries: Sequence[Entry], folder: Path) -> list[Reading]:
    """Let KeePassXC import entries whose attribute `otp` is the address, and show their codes."""
    rows = "".join(
        f"<Entry><String><Key>Title</Key><Value>{number}</Value></String>"
        f"<String><Key>otp</Key><Value>{escape(entry.uri)}</Value></String></Entry>"
        for number, entry in enumerate(entries)
    )
    group = f"<Group><Name>Root</Name>{rows}</Group>"
    (folder / "entries.xml").write_text(
        f"<KeePassFile><Meta><Generator>-</Generator></Meta><Root>{group}</Root></KeePassFile>", "utf-8"
    )
    run("keepassxc-cli", "import", "-p", "-t", "100", "entries.xml", "all.kdbx", sent="pw\npw\n", cwd=folder)
    show = ("keepassxc-cli", "show", "--quiet", "--totp", "all.kdbx")
    return [
        Reading(codes=tuple(run(*show, str(n), sent="pw\n", at=at, cwd=folder).strip() for at in MOMENTS))
        for n in range(len(entries))
    ]


def read_by_pass(entries: Sequence[Entry], folder: Path) -> list[Reading]:
    """Let pass-otp store the addresses under the names that it reads from them, and compute codes."""
    own = {"GNUPGHOME": str(folder / "keys"), "PASSWORD_STORE_DIR": str(folder / "store")}
    (folder / "keys").mkdir(mode=0o700)
    key = ("gpg", "--batch", "--passphrase", "", "--quick-gen-key", "apps", "default", "default", "never")
    run(*key, at=KEY_MADE_AT, env=own)
    run("pass", "init", "apps", env=own)
    try:
        return [_read_by_pass(entry, folder / "store", own) for entry in entries]
    finally:
        run("gpgconf", "--kill", "all", env=own)


def _read_by_pass(entry: Entry, store: Path, own: Mapping[str, str]) -> Reading:
    before = set(store.rglob("*.gpg"))
    run("pass", "otp", "insert", sent=f"{entry.uri}\n", env=own)
    stored = set(store.rglob("*.gpg")) - before
    if len(stored) != 1:
        return refused("stored nothing")
    name = stored.pop().relative_to(store).as_posix().removesuffix(".gpg")
    issuer = entry.issuer if name.startswith(f"{entry.issuer}/") else name.partition("/")[0]
    codes = tuple(run("pass", "otp", "code", name, at=at, env=own).strip() for at in MOMENTS)
    return Reading(issuer=issuer, account=name.removeprefix(f"{issuer}/"), codes=codes)


def read_by_numberstation(entries: Sequence[Entry], _folder: Path) -> list[Reading]:
    """Let the part of numberstation read that has no window."""
    sent = json.dumps([entry.uri for entry in entries])
    command = ("/usr/bin/python3", "-c", NUMBERSTATION)
    runs = [json.loads(run(*command, sent=sent, at=at) or "[]") for at in MOMENTS]
    return [
        Reading(None, issuer, label.partition(":")[2], secret, period, tuple(one[-1] for one in rows))
        for rows in zip(*runs, strict=True)
        for issuer, label, secret, period, _code in rows[:1]
    ]


def read_by_library(library: str) -> Callable[[Sequence[Entry], Path], list[Reading]]:
    """Return what lets a library for JavaScript read the addresses; npm installs it in the folder."""

    def read(entries: Sequence[Entry], folder: Path) -> list[Reading]:
        run("npm", "install", "--silent", "--prefix", ".", *map("@".join, NPM.items()), cwd=folder)
        sent = json.dumps({"library": library, "uris": [entry.uri for entry in entries], "moments": MOMENTS})
        printed = run("node", str(PROJECT_ROOT / "stress" / "apps.mjs"), sent=sent, cwd=folder)
        return [_from_library(it) for it in json.loads(printed or "[]")]

    return read


def _from_library(read: dict) -> Reading:
    if "error" in read:
        return refused(read["error"])
    return Reading(
        None, read["issuer"], read["account"], read["secret"], read.get("period"), tuple(read["codes"])
    )


PROGRAMS = (
    Program("zbarimg", debian("zbar-tools"), read_by_zbar),
    Program("zxing-cpp", lambda: version("zxing-cpp"), read_by_zxing),
    Program("oathtool", debian("oathtool"), read_by_oathtool),
    Program("KeePassXC", debian("keepassxc"), read_by_keepassxc),
    Program("pass-otp", debian("pass-extension-otp"), read_by_pass),
    Program("numberstation", debian("numberstation"), read_by_numberstation),
    Program("pyotp", lambda: version("pyotp"), read_by_pyotp),
    *(Program(f"{name} (npm)", lambda name=name: NPM[name], read_by_library(name)) for name in NPM),
)
