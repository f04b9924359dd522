"""Whether this machine's clock is synchronised by NTP."""

import subprocess

QUESTION = ("timedatectl", "show", "--property=NTPSynchronized", "--value")
TIMEOUT_SECONDS = 5


def is_synchronised() -> bool | None:
    """Return what timedatectl says, or None if it is missing, doesn't answer or has no systemd to ask."""
    try:
        answer = subprocess.run(  # noqa: S603 - a constant; PATH is the engineer's own
            QUESTION, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"yes": True, "no": False}.get(answer.stdout.strip())
