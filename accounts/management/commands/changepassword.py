from getpass import getuser
from typing import Any

from django.contrib.auth.management.commands import changepassword

from accounts import cutoffs
from accounts.models import Account


class Command(changepassword.Command):
    """Django's own; mail sessions of the old web password end as well."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        # No transaction around it: it waits for somebody to type.
        told = super().handle(*args, **options)
        account = Account.objects.get(address=options["username"] or getuser())
        cutoffs.end(account, account.address)
        return told
