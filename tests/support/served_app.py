"""What gunicorn serves to most tests: the site as it is, but its clock stands where a test has put it.

Mails leave with the answer, so that nothing of one test is under way in the next. They become files, but
codes are emailed as if there were a mail server. It knows nothing of a database that was put back since.
"""

import os

from flask import Flask, appcontext_pushed

from mfa_app import create_app
from tests.support.pictures import choose_masks_once
from tests.support.site_parts import forget, set_up_mail_server
from tests.support.variables import cost_in, time_shown, times_put_back, with_compiled_templates

choose_masks_once()
app = with_compiled_templates(
    create_app(MAIL_IN_BACKGROUND=False, CLOCK=time_shown, PASSWORD_HASH_COST=cost_in(os.environ))
)
set_up_mail_server(app)
seen = times_put_back()


@appcontext_pushed.connect_via(app)
def forget_what_was_put_back(_app: Flask, **_more: object) -> None:
    """Begin each request without what was known of another test's database."""
    global seen
    if seen != (now := times_put_back()):
        seen = now
        forget(app)
