"""Signs of life of the workers: which of them run, and what failed last."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

# How long a worker counts as failing after its last failure.
FAILING_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Worker:
    """A program that has to run.

    Args:
        command: Its command of `manage.py`.
        duty: What is not done without it.
        silent_after: It runs no more if there was no sign of life for so long.
    """

    command: str
    duty: StrOrPromise
    silent_after: timedelta = timedelta(minutes=5)


WORKERS = {
    worker.command: worker
    for worker in (
        Worker("deliver_cutoffs", _("End mail sessions that lost their right")),
        Worker("follow_logons", _("Read the log of a mail server")),
        Worker("send_notifications", _("Send mails to owners")),
        Worker("work_jobs", _("Work off bulk actions")),
        Worker("tidy", _("Delete old records, once a day"), timedelta(days=2)),
    )
}


def get_workers() -> list[tuple[str, StrOrPromise]]:
    """Return the choices of workers. A migration names this: a new one needs none."""
    return [(worker.command, worker.duty) for worker in WORKERS.values()]


class HeartbeatManager(models.Manager["Heartbeat"]):
    def with_missing(self) -> "list[Heartbeat]":
        """Return all rows, and one without a host for each worker that has none."""
        rows = list(self.order_by("worker", "node"))
        missing = WORKERS.keys() - {row.worker for row in rows}
        return rows + [Heartbeat(worker=each) for each in sorted(missing)]


class Heartbeat(models.Model):
    """When a worker of one host was last seen running; the worker writes it itself."""

    worker = models.CharField(_("service"), max_length=40, choices=get_workers)
    node = models.CharField(_("host"), max_length=100)
    seen_at = models.DateTimeField(_("last seen running"))
    failed_at = models.DateTimeField(_("last failure"), null=True)
    failure = models.CharField(_("what failed"), max_length=200, blank=True)

    objects = HeartbeatManager()

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ["worker", "node"]
        constraints = [
            models.UniqueConstraint(
                fields=["worker", "node"], name="heartbeat_once_a_worker_and_node"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.worker} {self.node}".strip()

    @property
    def state(self) -> str:
        """One of `missing`, `silent`, `failing` and `running`."""
        worker = WORKERS.get(self.worker)
        now = timezone.now()
        if not self.node:
            return "missing"
        if worker is None or now - self.seen_at > worker.silent_after:
            return "silent"
        failed_at: datetime | None = self.failed_at
        is_failing = failed_at is not None and now - failed_at < FAILING_FOR
        return "failing" if is_failing else "running"

    @property
    def is_well(self) -> bool:
        """Whether it runs, and nothing of it failed lately."""
        return self.state == "running"
