"""People in files: an import with its preview, and the list of people as a file."""

from mfa_app.admin.imports import downloads, upload, views  # noqa: F401 (their routes)
