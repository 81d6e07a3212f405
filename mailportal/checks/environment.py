"""Checks of the environment variables: misspelt, duplicate, or in public files."""

import stat
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage

from mailportal.configuration import SETTINGS, get_variables

# Shorter names resemble too many others. A lower ratio means another word.
SHORTEST_NAME, LIKENESS = 6, 0.85
FILE_SUFFIX = "_FILE"
# Variables of other programs that look like ours.
NAMES_OF_OTHERS = frozenset({"TIMEZONE"})


def names_are_known(**_kwargs: Any) -> list[CheckMessage]:
    """In production: no variable looks like a misspelt setting."""
    known = {*SETTINGS, *(f"{name}_FILE" for name in SETTINGS)}
    found: list[CheckMessage] = []
    for name in sorted(set(get_variables()) - known - NAMES_OF_OTHERS):
        alike = _find_similar(name.upper(), known)
        if len(name) >= SHORTEST_NAME and alike:
            text = f"{name} is no setting, but looks like {alike[0]}."
            hint = f"Write {alike[0]} if you mean it: nothing reads {name}."
            found.append(checks.Warning(text, hint=hint, id="mailportal.W013"))
    return found


def files_are_private(**_kwargs: Any) -> list[CheckMessage]:
    """In production: no setting has two values, and files with secrets are private."""
    environment = get_variables()
    found: list[CheckMessage] = []
    for name, setting in SETTINGS.items():
        file = environment.get(f"{name}_FILE")
        if not file:
            continue
        if environment.get(name):
            text = f"{name} and {name}_FILE are both set; the file's value is taken."
            hint = f"Delete the line of the one you do not mean, {name} in most cases."
            found.append(checks.Warning(text, hint=hint, id="mailportal.W014"))
        is_secret = setting.is_secret or name == "DATABASE_URL"
        if is_secret and Path(file).stat().st_mode & stat.S_IROTH:
            text = f"{name}_FILE names {file}, which every user of the host can read."
            hint = f"Run chmod o-rwx {file}; if others were there, make a new value."
            found.append(checks.Warning(text, hint=hint, id="mailportal.W015"))
    return found


def _find_similar(name: str, known: set[str]) -> list[str]:
    """Return a list with the setting that `name` may be meant to be, or an empty one.

    If settings begin with the same word, only these are compared: MAIL_HOST is not a
    misspelt EMAIL_HOST, because other settings begin with MAIL. A suffix _FILE does not
    count as similarity.
    """
    if name.endswith(FILE_SUFFIX):
        found = _find_similar(name.removesuffix(FILE_SUFFIX), set(SETTINGS))
        return [f"{each}{FILE_SUFFIX}" for each in found]
    same = {each for each in known if _get_first_word(each) == _get_first_word(name)}
    return get_close_matches(name, same or known, n=1, cutoff=LIKENESS)


def _get_first_word(name: str) -> str:
    return name.partition("_")[0]
