"""`make code NAME=ada`: the 6-digit code that the app of one of the demo's people shows now."""

import re
import sys
import time

import pyotp

from mfa_app.settings import PROJECT_ROOT

# The secrets of made-up people, in plain text because they protect nothing. No other installation has such a
# file, and no setting makes this program read another folder or a database.
DEMO = PROJECT_ROOT / "instance" / "demo" / "demo.txt"


def main(name: str) -> None:
    """Print the code; end with a sentence if there is no demo, or no such person with an app."""
    try:
        secrets = secrets_in(DEMO.read_text("utf-8"))
    except OSError as error:
        sys.exit(f"{DEMO} cannot be read ({error.strerror}). Run make dev or make demo first.")
    secret = secrets.get(name.lower().partition("@")[0])
    if secret is None:
        sys.exit(f"Type make code NAME=... with one of these names: {', '.join(secrets)}.")
    app, now = pyotp.TOTP(secret), int(time.time())
    print(f"{app.at(now)}  (for {app.interval - now % app.interval} more seconds; a code works once)")


def secrets_in(text: str) -> dict[str, str]:
    """Return the secret of each person's app, by the first name, from what `second-gate demo` has written."""
    login_and_command = r"^(\w+)@firma\.example .*\n +oathtool --totp -b ([A-Z2-7]+)$"
    return dict(re.findall(login_and_command, text, re.MULTILINE))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
