"""Typed text: what shows nothing is taken off, and what can't be shown on one line is told apart.

Otherwise two names could look the same, and text could move the cursor of a terminal or the end of a mail.
"""

import unicodedata

# Unicode's other default-ignorable characters and blank letters; format characters have a category (Cf).
_INVISIBLE = {
    *map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)),
    *map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))),
}


_SEPARATORS = ("Z", "P", "Cf")  # Unicode general categories; tab and line breaks are `str.isspace`


def visible(text: str) -> str:
    """Return a text without the characters that show nothing, such as zero-width spaces and soft hyphens."""
    if text.isascii():
        return text
    return "".join(character for character in text if not _is_invisible(character))


def one_line(text: str) -> str:
    """Return the visible text on one line, with single spaces."""
    return " ".join(visible(text).split())


def is_readable(text: str) -> bool:
    """Return True if every character can be shown on one line: no control, private or unassigned ones."""
    return all(character.isprintable() or _is_space(character) for character in text)


def is_separator(character: str) -> bool:
    """Return True for what stands between digits or shows nothing: spaces, dashes, other punctuation."""
    return character.isspace() or unicodedata.category(character).startswith(_SEPARATORS)


def without_separators(text: str) -> str:
    """Return what somebody typed without the separators that they put between its parts."""
    return "".join(character for character in text if not is_separator(character))


def escape(text: str) -> str:
    """Return the text on one line, with each character escaped that can't be shown on one."""
    return "".join(
        character if is_readable(character) else character.encode("unicode_escape").decode()
        for character in text
    )


def without_accents(text: str) -> str:
    """Return the text in small letters of which each has lost its accents: Übergröße becomes ubergrosse."""
    if text.isascii():
        return text.lower()
    letters = "".join(_LIKE.get(character, character) for character in text.casefold())
    apart = unicodedata.normalize("NFKD", letters)
    return "".join(character for character in apart if not unicodedata.combining(character))


# Letters that Unicode does not take apart into a letter and an accent.
_LIKE = {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "\u0131": "i"}


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or character in _INVISIBLE


def _is_space(character: str) -> bool:
    return unicodedata.category(character) == "Zs"
