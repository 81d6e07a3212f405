from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from accounts import notices
from accounts.models import MailSetting


class Command(BaseCommand):
    help = (
        "Make the database ready for this release and these settings. Run it before "
        "the portal starts; running it again changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        MailSetting.objects.update_or_create(
            name=MailSetting.WEBMAIL_NETWORKS,
            defaults={"value": ",".join(settings.WEBMAIL_NETWORKS)},
        )
        notices.store()
