"""Letters of other scripts that look like Latin ones, as in an email address made to be taken for another."""

import re
import unicodedata

SCRIPTS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN"})  # those that share shapes

# The letters of these scripts that most fonts draw like a Latin letter.
LIKE_LATIN = frozenset(
    "\u0430\u0441\u0501\u0435\u04bb\u0456\u0458\u04cf\u043e\u0440\u051b\u0455\u051d\u0445\u0443\u0475"
    "\u03b1\u03b3\u03b9\u03ba\u03bd\u03bf\u03c1\u03c5\u03c7\u03c9"
    "\u0578\u0585\u057d\u0581\u0584\u0570\u0575"
)


def lookalikes(email: str) -> tuple[str, ...]:
    """Return the letters of an email address that can be taken for Latin ones, each once.

    A part (between "@", dots and signs) that mixes scripts is suspicious, and so is one of another script
    that could be Latin as a whole. A word that is plainly Russian or Greek is not, nor are accents.
    """
    if email.isascii():
        return ()
    found = [letter for part in re.split(r"[\W\d_]+", email) for letter in _suspicious(part)]
    return tuple(dict.fromkeys(found))


def script_of(letter: str) -> str:
    """Return the script of a letter, as its name in Unicode begins: "LATIN", "CYRILLIC"."""
    return unicodedata.name(letter, "").partition(" ")[0]


def _suspicious(part: str) -> list[str]:
    lowered = unicodedata.normalize("NFC", part).lower()
    scripts = {script_of(letter) for letter in lowered} & SCRIPTS
    foreign = [letter for letter in lowered if script_of(letter) in SCRIPTS - {"LATIN"}]
    phonetic = [letter for letter in lowered if "\u0250" <= letter <= "\u02af"]
    if len(scripts) > 1 or set(foreign) <= LIKE_LATIN:
        return foreign + phonetic
    return phonetic
