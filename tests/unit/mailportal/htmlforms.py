"""The forms of a page, as a browser reads them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

Attributes = dict[str, str]
# What is typed into nothing.
UNTYPED = {"hidden", "submit", "button", "reset", "radio", "checkbox", "file", "image"}


@dataclass
class HtmlForm:
    """One form: where it goes, and the attributes of its fields in their order."""

    method: str
    action: str
    attributes: Attributes
    fields: list[Attributes] = field(default_factory=list)

    @property
    def is_posted(self) -> bool:
        """Whether it is sent by POST: by the browser, or by js/passkey.js."""
        return self.method == "post" or "data-begin" in self.attributes

    @property
    def typed(self) -> list[Attributes]:
        """The fields that somebody types into, or a password manager fills in."""
        return [
            each
            for each in self.fields
            if each["tag"] in {"input", "textarea"}
            and each.get("type", "text") not in UNTYPED
        ]

    def values(self) -> dict[str, str]:
        """Return what is sent if somebody touches nothing."""
        return {
            each["name"]: each.get("value", "")
            for each in self.fields
            if "name" in each and each.get("type") not in {"submit", "button"}
        }


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[HtmlForm] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = values.get("method", "get").lower()
            self.forms.append(HtmlForm(method, values.get("action", ""), values))
            self._open = True
        elif tag in {"input", "textarea", "select", "button"} and self._open:
            self.forms[-1].fields.append(values | {"tag": tag})

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def read_forms(html: str) -> Iterator[HtmlForm]:
    """Give the forms of this page in their order."""
    reader = _Reader()
    reader.feed(html)
    return iter(reader.forms)
