from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection, transaction

from accounts import events
from accounts.events import Detail, Event, Kind
from accounts.models import MailSetting
from accounts.sessions import cutoffs
from clientpasswords.logon import sentences
from provisioning import roles
from provisioning.roles import GroupChange


class Command(BaseCommand):
    help = (
        "Prepare the database for this release and these settings. Run it before the "
        "portal starts. Running it again changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        _require_database()
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        networks = ",".join(settings.WEBMAIL_NETWORKS)
        with transaction.atomic():
            row = MailSetting.objects.filter(name=MailSetting.WEBMAIL_NETWORKS).first()
            if row is None or row.value != networks:
                MailSetting.objects.update_or_create(
                    name=MailSetting.WEBMAIL_NETWORKS, defaults={"value": networks}
                )
                _record_networks(row.value if row else "", networks)
                cutoffs.review_sessions(
                    "*"
                )  # web passwords from a network that it no longer is
            _record_groups(roles.apply_groups())
        sentences.store()


def _require_database() -> None:
    """Check that the database answers.

    Raises:
        CommandError: it does not. The message is ours, because the driver's own repeats
            parts of DATABASE_URL.
    """
    try:
        connection.ensure_connection()
    except Error:
        mend = (
            "Are its folder and its file there, and may this user write to both?"
            if connection.vendor == "sqlite"
            else "Is it running, is it there, and does it let this user in?"
        )
        text = f"The database that DATABASE_URL names cannot be opened. {mend}"
        raise CommandError(text) from None


def _record_networks(old: str, new: str) -> None:
    name = MailSetting.WEBMAIL_NETWORKS
    told = events.describe_changes({name: old}, {name: new})
    by = events.command_actor("prepare")
    events.record_all([Event(Kind.SETTING_CHANGED, None, by, detail=told)])


def _record_groups(changes: Iterable[GroupChange]) -> None:
    """Record the permissions that each group gained and lost."""
    by = events.command_actor("prepare")
    told = []
    for each in changes:
        lost, gained = each.before - each.after, each.after - each.before
        changed = events.describe_changes(
            {"permissions": lost}, {"permissions": gained}
        )
        detail: Detail = {"group": each.name, **changed}
        kind = Kind.RECORD_CREATED if each.is_new else Kind.RECORD_CHANGED
        told.append(Event(kind, None, by, detail=detail))
    events.record_all(told)
