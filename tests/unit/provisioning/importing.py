"""Importing lines of a file, in one line each."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, SecurityEvent

HEADER = "address,name,department,language,phone,password,active,policy,policy_until"


def run(file: Path, *lines: str, header: str = HEADER, **options: Any) -> str:
    """Import these lines; return what was said."""
    file.write_text("\n".join([header, *lines, ""]))
    out = StringIO()
    call_command("import_accounts", str(file), stdout=out, **options)
    return out.getvalue()


def refused(file: Path, *lines: str, header: str = HEADER, **options: Any) -> str:
    """As `run`, where nothing is written."""
    before = list(Account.objects.values())
    file.write_text("\n".join([header, *lines, ""]))
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("import_accounts", str(file), stdout=out, **options)
    assert list(Account.objects.values()) == before
    assert not SecurityEvent.objects.exists()
    return f"{out.getvalue()}{error.value}"
