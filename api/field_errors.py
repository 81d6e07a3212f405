"""Problems with the fields of a request."""

from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import ValidationError

from accounts.models import Account
from api.problems import FieldErrors, Problem
from provisioning import self_lockout


def refuse_fields(words: str, errors: FieldErrors) -> Problem:
    """Return a problem (422) with the errors by field."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return Problem(status, f"{words} Nothing was changed.", errors=errors)


def errors_by_pointer(error: ValidationError) -> dict[str, str]:
    """Return the errors of a model by JSON pointer."""
    return {
        "" if name == "__all__" else f"/{name}": " ".join(messages)
        for name, messages in error.message_dict.items()
    }


def require_no_self_lockout(
    owner: Account | None, names: list[str], change: Callable[[], object]
) -> None:
    """Refuse a change of these fields that shuts out the owner's mail programs.

    The pages of the administration do the same. The change is tried and rolled back.

    Raises:
        Problem: the change would shut them out; the error names the field.
    """
    lockout = self_lockout.check(owner, change) if owner and names else None
    if lockout is not None:
        protocols = ", ".join(lockout.protocols).upper()
        words = f"It would shut out the mail programs of {owner}, whose token this is."
        fault = f"They used {protocols} lately. Have that mailbox given an exception."
        raise refuse_fields(words, {f"/{lockout.blamed_field(names)}": fault})
