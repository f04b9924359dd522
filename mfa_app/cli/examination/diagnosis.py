"""What an examination finds: a sentence and its cure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnosis:
    """What was found, and the cure; `wrong`, or only something to think about."""

    sentence: str
    cure: str
    wrong: bool = False
