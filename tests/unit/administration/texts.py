"""What a page says: its texts, and the names that only some readers are told."""

import re
from html.parser import HTMLParser

# Elements that are not read, or are the same in every language.
UNREAD = {"script", "style", "pre", "code", "title"}
ATTRIBUTES = ("title", "aria-label", "placeholder", "alt", "aria-description")
WORD = re.compile(r"[A-Za-z]{3,}")


class TextCollector(HTMLParser):
    """Collects texts, names of fields and buttons, and what is said of pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()
        self._unread: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in UNREAD or given.get("translate") == "no":
            self._unread.append(tag)
        names = list(ATTRIBUTES)
        # The value of a <button> is what is sent; of an <input>, what is read.
        if tag == "input" and given.get("type") in {"submit", "button"}:
            names.append("value")
        for name in names:
            self._keep(given.get(name) or "")

    def handle_endtag(self, tag: str) -> None:
        if self._unread and self._unread[-1] == tag:
            self._unread.pop()

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self._keep(data)

    def _keep(self, text: str) -> None:
        text = " ".join(text.split())
        if WORD.search(text):
            self.texts.add(text)


def read_texts(page: str) -> set[str]:
    """Return the texts of a page that have a word of the Latin alphabet."""
    collector = TextCollector()
    collector.feed(page)
    return collector.texts
