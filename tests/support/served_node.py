"""What gunicorn serves at each of several nodes: the site as it is, but some jobs are due every moment."""

import os
from dataclasses import replace

from mfa_app import create_app
from mfa_app.core.operations.job_runner import JobRunner
from mfa_app.core.operations.jobs import JOBS, MAIL, NODE, PURGE, STREAM
from tests.support.pictures import choose_masks_once
from tests.support.site_parts import put
from tests.support.variables import LEASE, OFTEN, cost_in, time_shown, with_compiled_templates

WAITED_FOR = (MAIL, NODE, PURGE, STREAM)  # by the tests; each job at each process costs statements

choose_masks_once()
app = with_compiled_templates(create_app(CLOCK=time_shown, PASSWORD_HASH_COST=cost_in(os.environ)))
todo = tuple(replace(job, interval=OFTEN) if job in WAITED_FOR else job for job in JOBS)
put(app, JobRunner(app.app_context, todo, lease=LEASE))
