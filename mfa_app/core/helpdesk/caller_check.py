"""How the help desk checked that a caller is the person they say they are."""

import enum
from dataclasses import dataclass


class Way(enum.StrEnum):
    """How it was checked. The values are stored on the trail, so they never change."""

    CALLED_BACK = "called back"  # on the number in the company directory
    IN_PERSON = "in person"  # by somebody who knows the person, or saw a badge
    ANOTHER = "another way"  # the note says which
    NO_CALLER = "no caller"  # at the terminal: the engineer acts for nobody else


@dataclass(frozen=True)
class CallerCheck:
    """How a caller was checked, and a note. Raises ValueError for another way without a note."""

    way: Way
    note: str = ""

    def __post_init__(self) -> None:
        if self.way is Way.ANOTHER and not self.note:
            raise ValueError("another way needs a note that says which")

    def details(self) -> dict[str, str | None]:
        """Return what the trail and the email to the person have of it."""
        return {"checked": self.way.value, "note": self.note or None}
