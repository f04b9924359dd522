"""The WSGI entry point: `gunicorn wsgi:app`. Flask's own program finds the site by it, too."""

import sys

from mfa_app import create_app
from mfa_app.settings import SettingError

try:
    app = create_app()
except SettingError as error:
    sys.exit(str(error))
