"""Check that the service's user can't change the code, which root runs when it installs an upgrade."""

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from flask_babel import gettext as _

from mfa_app.cli.doctor.finding import Finding
from mfa_app.settings import PROJECT_ROOT, Settings

SYSTEM_USERS = range(1, 1000)  # the ids that `adduser --system` gives; people may own their own code
CHANGED_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def findings(settings: Settings) -> Iterator[Finding]:
    """Check the owner and mode of the code and of its Python, where a service runs the site."""
    service = settings.instance_path.resolve().stat().st_uid
    if service not in SYSTEM_USERS:
        return
    for path in (PROJECT_ROOT, Path(sys.prefix)):
        found = path.stat()
        if found.st_uid == service or found.st_mode & CHANGED_BY_OTHERS:
            yield Finding(
                _("The service can change %(path)s, and root runs what is in it.", path=path),
                _("Install the code as docs/operating.md says under “Code that belongs to the service”."),
            )
