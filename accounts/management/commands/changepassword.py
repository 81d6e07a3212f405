from getpass import getuser
from typing import Any

from django.contrib.auth.management.commands import changepassword

from accounts import events
from accounts.events import Kind
from accounts.models import Account
from accounts.sessions import cutoffs


class Command(changepassword.Command):
    """Django's own; mail sessions of the old web password end as well."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        # No transaction around it: it waits for somebody to type.
        told = super().handle(*args, **options)
        account = Account.objects.get(address=options["username"] or getuser())
        cutoffs.end_sessions(account, account.address)
        by = events.command_actor("changepassword")
        events.record(Kind.PASSWORD_CHANGED, account, by=by)
        return told
