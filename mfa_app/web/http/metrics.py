"""Metrics for monitoring: saved events and responses are counted, never who caused them."""

from time import perf_counter

from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

from mfa_app.core.audit import chain
from mfa_app.core.audit.events import Event
from mfa_app.models import AuditEvent

ANSWERS = Counter("second_gate_answers", "Responses, by status.", ["status"])

LATENCY = Histogram(
    "second_gate_request_seconds",
    "Time from the request to the end of its transaction, by endpoint.",
    ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

THROTTLED = Counter("second_gate_throttled", "Attempts that were blocked, by endpoint.", ["endpoint"])

SIGN_INS = Counter("second_gate_sign_ins", "Passwords checked at login, by result.", ["result"])

CODES = Counter("second_gate_codes", "Codes checked after enrolment, by result.", ["result"])

LOGINS = Counter("second_gate_logins", "Completed logins, by the last method used.", ["method"])

EVENTS = Counter("second_gate_events", "Rows written to the audit trail, by event.", ["event"])

RESETS = Counter("second_gate_resets", "Resets of 2-factor authentication.")

LINKS = Counter("second_gate_links", "Authentication apps that were set up.")


def init_app(app: Flask) -> None:
    """Count every response. Bind this first, so that its timer includes everything else."""
    app.before_request(_start)
    app.after_request(_count_answer)


@chain.observe
def count_event(row: AuditEvent) -> None:
    """Count a row of the trail. Only details from closed lists become labels."""
    EVENTS.labels(row.event).inc()
    match row.event:
        case Event.PASSWORD_ACCEPTED.label:
            SIGN_INS.labels("accepted").inc()
        case Event.PASSWORD_REFUSED.label:
            SIGN_INS.labels(row.details["reason"]).inc()
        case Event.CODE_ACCEPTED.label:
            CODES.labels("accepted").inc()
        case Event.CODE_REFUSED.label if row.details["purpose"] != "linking":
            CODES.labels(row.details["reason"]).inc()
        case Event.LOGIN_COMPLETED.label:
            LOGINS.labels(row.details["method"]).inc()
        case Event.SECOND_FACTOR_RESET.label:
            RESETS.inc()
        case Event.AUTHENTICATOR_LINKED.label:
            LINKS.inc()


def _start() -> None:
    g.began = perf_counter()


def _count_answer(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    LATENCY.labels(endpoint).observe(perf_counter() - g.began)
    ANSWERS.labels(response.status_code).inc()
    if response.status_code == 429:
        THROTTLED.labels(endpoint).inc()
    return response
