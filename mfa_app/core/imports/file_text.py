"""From the bytes of a file to its lines: which encoding they have, and what no text may contain."""

import codecs
import io
import re
from collections.abc import Iterator

from mfa_app.core.common.errors import ImportFileRefused

MAX_FILE_BYTES = 20 * 1024 * 1024

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx and .xls files begin

_NOT_ASCII_IN_UTF8 = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)

_PART = 64 * 1024


def lines_of(file: bytes) -> Iterator[str]:
    """Yield the lines of a file with their ends, one at a time.

    Raises ImportFileRefused: too large, a workbook, no text, or text of more than one encoding.
    """
    if len(file) > MAX_FILE_BYTES:
        raise ImportFileRefused("too large")
    if file.startswith(_WORKBOOKS):
        raise ImportFileRefused("workbook")
    return _checked(io.TextIOWrapper(io.BytesIO(file), _encoding_of(file), newline=""))


def _checked(lines: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            if "\0" in line:
                raise ImportFileRefused("not text", line=number)
            yield line
    except UnicodeDecodeError:
        raise ImportFileRefused("not text", line=number + 1) from None


def _encoding_of(file: bytes) -> str:
    """Return the encoding: a byte order mark says it, else it is UTF-8, else Windows-1252."""
    for mark, encoding in _MARKS:
        if file.startswith(mark):
            return encoding
    wrong_at = _first_not_utf8(file)
    if wrong_at is None:
        return "utf-8"
    if _NOT_ASCII_IN_UTF8.search(file):
        raise ImportFileRefused("mixed encodings", line=file.count(b"\n", 0, wrong_at) + 1)
    return "cp1252"


def _first_not_utf8(file: bytes) -> int | None:
    """Return where the file stops being UTF-8, or None."""
    decoder, view = codecs.getincrementaldecoder("utf-8")(), memoryview(file)
    for start in range(0, len(file), _PART):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(view[start : start + _PART], final=start + _PART >= len(file))
        except UnicodeDecodeError as error:
            return start - pending + error.start
    return None
