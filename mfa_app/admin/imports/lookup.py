"""Finds the import that an address names."""

from flask import abort

from mfa_app.core.imports import stored
from mfa_app.models import PeopleImport
from mfa_app.web.security.current import current_actor


def get_import_or_404(import_id: str) -> PeopleImport:
    """Return an import. Answers 404 if there is none, or if it was thrown away."""
    return stored.find(import_id, actor=current_actor()) or abort(404)
