"""Spending codes, and the phone they went to."""

from django.db import transaction

from accounts import codes
from accounts.codes import CodeError, Purpose
from accounts.events import Actor
from accounts.models import Account, Phone
from tests.unit.support import HOME


def spend(
    account: Account, code: str, *, act: Purpose = Purpose.ISSUE, by: Actor = HOME
) -> CodeError | None:
    with transaction.atomic():
        return codes.spend_code(account, act, code, by=by)


def phone_of(account: Account) -> Phone:
    return Phone.objects.get(account=account)
