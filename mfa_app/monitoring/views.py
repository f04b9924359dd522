"""`/healthz`, `/readyz` and `/metrics`: short lines for machines, without an address or a name in them."""

import os
from collections.abc import Iterator

from flask import Response, current_app
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError

from mfa_app.core.common import clock
from mfa_app.core.mail import outbox
from mfa_app.core.operations import health_checks
from mfa_app.extensions import db
from mfa_app.monitoring import blueprint
from mfa_app.web.security.access_rules import monitoring_only
from mfa_app.wording.health import describe

TEXT = "text/plain; charset=utf-8"


@blueprint.get("/healthz")
@monitoring_only
def healthz() -> Response:
    """Say that this process answers; it asks nobody else."""
    return Response("alive\n", content_type=TEXT)


@blueprint.get("/readyz")
@monitoring_only
def readyz() -> Response:
    """Say whether everything that the site needs is there: 200, or 503 and what is wrong."""
    settings = current_app.config["SETTINGS"]
    checks = health_checks.run_checks(settings, now=clock.now())
    words = {check.name: describe(check, settings).sentence if check.problem else "ok" for check in checks}
    status = 503 if any(check.problem for check in checks) else 200
    lines = "".join(f"{name}: {text}\n" for name, text in words.items())
    return Response(lines, status, content_type=TEXT)


@blueprint.get("/metrics")
@monitoring_only
def metrics() -> Response:
    """Return what has been counted, added up over all workers."""
    registry = CollectorRegistry()
    registry.register(_Outbox())
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
    else:
        registry.register(REGISTRY)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Outbox:
    """How many mails wait; left out while the database does not answer."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            waiting = outbox.waiting()
        except SQLAlchemyError:
            db.session.rollback()
            return
        yield GaugeMetricFamily("second_gate_outbox_waiting", "Mails that wait to leave.", value=waiting)
