"""A program that has imported the site, and becomes any command of it in a child: importing takes a second.

It reads orders from its standard input and answers each with the exit code. A child is a process of its own,
with the environment, the arguments and the three streams that the order names.
"""

import json
import os
import runpy
import sys
from typing import Any

import flask.cli
import gunicorn.app.wsgiapp

import mfa_app

IMPORTED = (flask.cli, gunicorn.app.wsgiapp, mfa_app)
STREAMS = {"stdin": os.O_RDONLY, "stdout": os.O_WRONLY, "stderr": os.O_WRONLY}


def main() -> dict[str, Any] | None:
    """Answer orders; in the child of one, return it."""
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        child = os.fork()
        if child == 0:
            return order
        _pid, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)
    return None


def become(order: dict[str, Any]) -> None:
    """Run the module that an order names, as `python -m` does."""
    for number, (name, flags) in enumerate(STREAMS.items()):
        os.dup2(os.open(order[name], flags), number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, closefd=False)  # noqa: SIM115 - for as long as the program runs
        for number, mode in enumerate(("r", "w", "w"))
    )
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = order["command"]
    runpy.run_module(order["command"][0], run_name="__main__", alter_sys=True)


if __name__ == "__main__" and (found := main()):
    become(found)
