"""`/healthz`, `/readyz` and `/metrics`: short lines for machines, without IP addresses or names."""

import os
from collections.abc import Iterator

from flask import Response, current_app
from flask.typing import ResponseReturnValue
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
def healthz() -> ResponseReturnValue:
    """Report that this process answers, without asking anything else."""
    return Response("alive\n", content_type=TEXT)


@blueprint.get("/readyz")
@monitoring_only
def readyz() -> ResponseReturnValue:
    """Report whether everything the site needs works: 200, or 503 and the problems; and the version."""
    settings = current_app.config["SETTINGS"]
    checks = health_checks.run_checks(settings, now=clock.now())
    words = {check.name: describe(check, settings).sentence if check.problem else "ok" for check in checks}
    status = 503 if any(check.problem for check in checks) else 200
    words["version"] = current_app.config["VERSION"]
    lines = "".join(f"{name}: {text}\n" for name, text in words.items())
    return Response(lines, status, content_type=TEXT)


@blueprint.get("/metrics")
@monitoring_only
def metrics() -> ResponseReturnValue:
    """Return the metrics, summed over all workers."""
    registry = CollectorRegistry()
    registry.register(_Outbox())
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client gives it no types
    else:
        registry.register(REGISTRY)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Outbox:
    """The number of waiting mails; left out while the database doesn't answer."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            waiting = outbox.waiting()
        except SQLAlchemyError:
            db.session.rollback()
            return
        yield GaugeMetricFamily("second_gate_outbox_waiting", "Mails waiting to be sent.", value=waiting)
