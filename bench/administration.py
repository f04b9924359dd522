"""What an administrator of a large site waits for: lists, searches, filters, the switch of a group."""

import statistics
import time
from collections.abc import Callable
from dataclasses import astuple
from functools import partial

from bench.browser import Browser, Page, Unexpected
from bench.connection import Reply
from bench.resources import Processor
from bench.results import Sample
from bench.servers import Server
from mfa_app.core.policy.two_factor_state import TwoFactorState

LARGE_GROUP = 1  # every other person is in it

PAGES = {
    "overview": "/admin",
    "people": "/admin/people",
    "people, a later page": "/admin/people?after=filler5",
    "search: an address": "/admin/people?q=user7@example.com",
    "search: a beginning of a name": "/admin/people?q=wanda+torg",
    "search: two letters": "/admin/people?q=ho",
    "filter: app linked": "/admin/people?two_factor=linked",
    "filter: not linked": "/admin/people?two_factor=unlinked",
    **{f"filter: {state}": f"/admin/people?two_factor={state}" for state in TwoFactorState},
    "filter: still to link": "/admin/people?two_factor=to-link&state=active",
    "filter: still to link, in a group": "/admin/people?two_factor=to-link&group=2",
    "filter: invited": "/admin/people?state=invited",
    "filter: ends soon": "/admin/people?state=ends-soon",
    "sorted by name": "/admin/people?sort=name",
    "sorted by name, in a group": "/admin/people?sort=name&group=2",
    "search: a part of a name": "/admin/people?q=lber",
    "filter: disabled": "/admin/people?state=disabled",
    "filter: administrators": "/admin/people?role=admin",
    "filter: a group": "/admin/people?group=2",
    "one person": "/admin/people/7",
    "groups": "/admin/groups",
    "one large group": f"/admin/groups/{LARGE_GROUP}",
    "policy": "/admin/policy",
    "roll-out": "/admin/rollout",
    "roll-out of a large group": f"/admin/groups/{LARGE_GROUP}/rollout",
    "throttled": "/admin/throttled",
    "trail": "/admin/trail",
    "trail of one person": "/admin/trail?person=filler7@example.com",
}


def preview_and_switch(server: Server, administrator: Browser, times: int) -> dict[str, Sample]:
    """Switch the rule of the large group off and on again, so many times, each time after its preview."""
    previews, switches = list[Sample](), list[Sample]()
    rule = f"/admin/groups/{LARGE_GROUP}/policy"
    for required in (None, "y") * times:
        form = administrator.open(rule).form("grace_days")
        previewed, sample = _timed(server, partial(administrator.post, form, required=required))
        previews.append(sample)
        save = Page(form.action, previewed.text).form(action=rule)
        saved, sample = _timed(server, partial(administrator.post, save))
        switches.append(sample)
        if (previewed.status, saved.status) != (200, 302):
            raise Unexpected(f"{rule}: {previewed.status} and {saved.status}")
    return {"preview of a switch": _typical(previews), "switch of a large group": _typical(switches)}


def _timed(server: Server, send: Callable[[], Reply]) -> tuple[Reply, Sample]:
    processor, began = Processor(server.pid), time.perf_counter()
    reply = send()
    seconds = time.perf_counter() - began
    return reply, Sample(1 / seconds, 1000 * seconds, processor.spent_ms())


def _typical(samples: list[Sample]) -> Sample:
    columns = zip(*map(astuple, samples), strict=True)
    return Sample(*(round(statistics.median(column), 3) for column in columns))
