"""What the doctor finds: a sentence and its cure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A problem and how to fix it. `wrong` is an error, otherwise it is a warning."""

    sentence: str
    cure: str
    wrong: bool = False
