"""The WSGI entry point: `gunicorn wsgi:app`, and `flask --app wsgi ...` for the command line."""

import sys

from mfa_app import create_app
from mfa_app.settings import SettingError

try:
    app = create_app()
except SettingError as error:
    sys.exit(str(error))
