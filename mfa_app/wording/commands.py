"""How a command of the site is typed, wherever a sentence names one."""

PROGRAM = "second-gate"


def command_line(command: str) -> str:
    """Return how to type a command, such as "second-gate users list"."""
    return f"{PROGRAM} {command}"
