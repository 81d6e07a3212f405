"""Refusals of what was sent: which field, and why."""

from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import ValidationError

from accounts.models import Account
from api.problems import FieldErrors, Problem
from provisioning import self_lockout


def refuse_fields(words: str, errors: FieldErrors) -> Problem:
    """Return the problem that names the fields at fault."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return Problem(status, f"{words} Nothing was changed.", errors=errors)


def errors_by_pointer(error: ValidationError) -> dict[str, str]:
    """Return what a model says of its fields."""
    return {
        "" if name == "__all__" else f"/{name}": " ".join(messages)
        for name, messages in error.message_dict.items()
    }


def require_no_self_lockout(
    owner: Account | None, names: list[str], change: Callable[[], object]
) -> None:
    """Refuse what would shut out the mail programs of whoever the token is of.

    As the pages of the administration do. The change, of these fields, is tried and
    taken back.

    Raises:
        Problem: it would; the field at fault is named.
    """
    lockout = self_lockout.check(owner, change) if owner and names else None
    if lockout is not None:
        protocols = ", ".join(lockout.protocols).upper()
        words = f"It would shut out the mail programs of {owner}, whose token this is."
        fault = f"They used {protocols} lately. Have that mailbox given an exception."
        raise refuse_fields(words, {f"/{lockout.blamed_field(names)}": fault})
