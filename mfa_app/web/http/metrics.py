"""Metrics for monitoring: saved events and responses are counted, never who caused them."""

from functools import cache
from time import perf_counter

from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

from mfa_app.core.audit.events import ENROLLING, Event
from mfa_app.models.row_facts import EventFacts


class Counters:
    """All that is counted, under the names that monitors read."""

    def __init__(self) -> None:
        self.answers = Counter("second_gate_answers", "Responses, by status.", ["status"])
        self.latency = Histogram(
            "second_gate_request_seconds",
            "Time from the request to the end of its transaction, by endpoint.",
            ["endpoint"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )
        self.throttled = Counter(
            "second_gate_throttled", "Attempts that were blocked, by endpoint.", ["endpoint"]
        )
        self.sign_ins = Counter("second_gate_sign_ins", "Passwords checked at login, by result.", ["result"])
        self.codes = Counter("second_gate_codes", "Codes checked after enrolment, by result.", ["result"])
        self.logins = Counter("second_gate_logins", "Completed logins, by the last method used.", ["method"])
        self.events = Counter("second_gate_events", "Rows written to the audit trail, by event.", ["event"])
        self.resets = Counter("second_gate_resets", "Resets of 2-factor authentication.")
        self.links = Counter("second_gate_links", "Authentication apps that were set up.")


@cache
def counters() -> Counters:
    """Return the counters of this process. The first call makes them: how they add up is decided before."""
    return Counters()


def init_app(app: Flask) -> None:
    """Count every response. Bind this first, so that its timer includes everything else."""
    counters()
    app.before_request(_start)
    app.after_request(_count_answer)


def count_event(row: EventFacts) -> None:
    """Count a row of the trail. Only details from closed lists become labels."""
    counted = counters()
    counted.events.labels(row.event).inc()
    match row.event:
        case Event.PASSWORD_ACCEPTED.label:
            counted.sign_ins.labels("accepted").inc()
        case Event.PASSWORD_REFUSED.label:
            counted.sign_ins.labels(row.details["reason"]).inc()
        case Event.CODE_ACCEPTED.label:
            counted.codes.labels("accepted").inc()
        case Event.CODE_REFUSED.label if row.details["purpose"] not in ENROLLING:
            counted.codes.labels(row.details["reason"]).inc()
        case Event.LOGIN_COMPLETED.label:
            counted.logins.labels(row.details["method"]).inc()
        case Event.SECOND_FACTOR_RESET.label:
            counted.resets.inc()
        case Event.AUTHENTICATOR_LINKED.label:
            counted.links.inc()


def _start() -> None:
    g.began = perf_counter()


def _count_answer(response: Response) -> Response:
    counted, endpoint = counters(), request.endpoint or "none"
    counted.latency.labels(endpoint).observe(perf_counter() - g.began)
    counted.answers.labels(response.status_code).inc()
    if response.status_code == 429:
        counted.throttled.labels(endpoint).inc()
    return response
