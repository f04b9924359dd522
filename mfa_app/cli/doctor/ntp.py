"""Whether this machine's clock is synchronised by NTP."""

import subprocess  # nosec B404

QUESTION = ("timedatectl", "show", "--property=NTPSynchronized", "--value")
TIMEOUT_SECONDS = 5


def is_synchronised() -> bool | None:
    """Return what timedatectl says, or None if it is missing, doesn't answer or has no systemd to ask."""
    # The arguments are fixed and there is no shell; PATH is that of the engineer who runs the doctor.
    try:
        answer = subprocess.run(  # noqa: S603 # nosec B603
            QUESTION, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"yes": True, "no": False}.get(answer.stdout.strip())
