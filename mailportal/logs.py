"""What no line of a log may hold, whichever library writes it.

Set-up links open a mailbox once, for ten minutes, and their token stands in the address
that Django and gunicorn write down of a request that failed.
"""

import logging
import logging.config
import re
from typing import Any

from mailportal.outages import is_outage

# The addresses of set-up links, as a client may write them: also percent-encoded.
SET_UP_LINK = re.compile(
    r"((?:/|%2f)+(?:i|%69)(?:/|%2f)+)(?:[^/%\s\"'?#]|%(?!2f)[0-9a-f]{2})+",
    re.IGNORECASE,
)
# What is as long as a token, after the beginning of such an address: somebody pasted it
# with a blank, or in quotation marks.
REST_OF_LINE = re.compile(r"((?:/|%2f)(?:i|%69)(?:/|%2f))(.*)", re.IGNORECASE)
TOKEN = re.compile(r"(?:[\w-]|%[0-9a-f]{2}){20,}", re.IGNORECASE)


class Record(logging.LogRecord):
    """A record whose text has no token of a set-up link.

    A request that fails while the database is away has a line, and no traceback: it
    would be the same for each.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        error = self.exc_info[1] if self.exc_info else None
        if is_outage(error):
            self.exc_info = None
            self.msg = f"{self.getMessage()} ({type(error).__name__}, no database)"
            self.args = ()

    def getMessage(self) -> str:  # noqa: N802 (as logging names it)
        return redact_links(super().getMessage())

    @property
    def exc_text(self) -> str | None:
        """The traceback, which formatters keep here."""
        return self._exc_text

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:
        self._exc_text = text and redact_links(text)


def redact_links(text: str) -> str:
    """Return the text with `…` in place of the token of each set-up link."""
    return REST_OF_LINE.sub(_redact_tokens, SET_UP_LINK.sub(r"\1…", text))


def _redact_tokens(found: re.Match[str]) -> str:
    return found[1] + TOKEN.sub("…", found[2])


def configure(logging_settings: dict[str, Any]) -> None:
    """Set logging up (`LOGGING_CONFIG`): for all loggers, those of libraries too."""
    logging.setLogRecordFactory(Record)
    logging.config.dictConfig(logging_settings)
