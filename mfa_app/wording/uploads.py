"""What is too large: said at the field, at the terminal, and by the page that refuses a whole form."""

from flask_babel import lazy_gettext as _l

from mfa_app.core.imports.file_text import MAX_FILE_BYTES
from mfa_app.core.operations.logo import MAX_BYTES

_MEGABYTES = MAX_FILE_BYTES // 1024 // 1024

PICTURE_TOO_LARGE: str = _l(
    "A picture may have at most %(most)s KB. Send a smaller one.", most=MAX_BYTES // 1024
)

FILE_TOO_LARGE: str = _l(
    "A file may have at most %(most)s MB. Send a longer list as several files.", most=_MEGABYTES
)

# The page for a form that was too large doesn't know which of the two it was.
FILE_OR_LINES_TOO_LARGE: str = _l(
    "A file may have at most %(most)s MB, and pasted lines half a megabyte. Send a longer list as several "
    "files.",
    most=_MEGABYTES,
)
