"""What gunicorn serves to most tests: the site as it is, but its clock stands where a test has put it.

Mails leave with the answer, so that nothing of one test is under way in the next.
"""

import os
from datetime import datetime
from pathlib import Path

from mfa_app import create_app
from tests.support.variables import HANDS, cost_in


def _moment() -> datetime:
    return datetime.fromisoformat(Path(os.environ[HANDS]).read_text("ascii"))


app = create_app(MAIL_IN_BACKGROUND=False, CLOCK=_moment, PASSWORD_HASH_COST=cost_in(os.environ))
