from getpass import getuser
from typing import Any

from django.contrib.auth.management.commands import changepassword

from accounts import events
from accounts.events import Kind
from accounts.models import Account
from accounts.sessions import cutoffs


class Command(changepassword.Command):
    """Django's command, which also ends mail sessions and notifies the owner."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        # Not in a transaction, because the command waits for input.
        told = super().handle(*args, **options)
        account = Account.objects.get(address=options["username"] or getuser())
        cutoffs.end_sessions(account, account.address)
        by = events.command_actor("changepassword")
        events.record(Kind.PASSWORD_CHANGED, account, by=by)
        return told
