"""What gunicorn serves to most tests: the site as it is, but its clock stands where a test has put it.

Mails leave with the answer, so that nothing of one test is under way in the next. They become files, but
codes are emailed as if there were a mail server.
"""

import os

from mfa_app import create_app
from tests.support.pictures import choose_masks_once
from tests.support.site_parts import set_up_mail_server
from tests.support.variables import cost_in, time_shown, with_compiled_templates

choose_masks_once()
app = with_compiled_templates(
    create_app(MAIL_IN_BACKGROUND=False, CLOCK=time_shown, PASSWORD_HASH_COST=cost_in(os.environ))
)
set_up_mail_server(app)
