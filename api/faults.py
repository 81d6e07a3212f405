"""Refusals of what was sent: which field, and why."""

from http import HTTPStatus

from django.core.exceptions import ValidationError

from api.problems import Faults, Problem


def refusal(words: str, faults: Faults) -> Problem:
    """Return the problem that names the fields at fault."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return Problem(status, f"{words} Nothing was changed.", faults=faults)


def of_fields(error: ValidationError) -> dict[str, str]:
    """Return what a model says of its fields."""
    return {
        "" if name == "__all__" else f"/{name}": " ".join(messages)
        for name, messages in error.message_dict.items()
    }
