"""Files that are sent while they are made, so that their size costs no memory."""

from collections.abc import Iterator
from itertools import chain

from flask import Response, stream_with_context

from mfa_app.core.common import clock


def csv_download(lines: Iterator[str], name: str, *, beginning: str = "") -> Response:
    """Return the response that saves these lines as a file, whose name gets today's date."""
    response = Response(stream_with_context(chain([beginning], lines)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{clock.now():%Y-%m-%d}.csv"'
    return response
