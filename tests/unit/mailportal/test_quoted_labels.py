"""What the documents quote from the pages is what the pages say."""

import re
from pathlib import Path

import pytest

from tests.unit.mailportal.catalogues import ROOT, read_entries

DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
# Between single stars; without stars of lists, of bold type, and in code.
QUOTED = re.compile(r"(?<![*\w\\])\*([^*\s][^*]*?)\*(?![*\w])")
# Labels of other programs, and what is measured or done.
OTHERS = {
    "CSV UTF-8",  # Excel
    "Do",  # docs/adopt.md, below each step
    "Internet Site",  # Postfix's package
    "Login denied",  # curl
    "No log line",  # docs/performance.md
    "Plain Dovecot",
    "Sent Items",  # Outlook
    "Sent Messages",  # iPhone
}


def read_labels(document: Path) -> list[str]:
    """Return what a document quotes; what begins with a small letter is stressed."""
    text = re.sub(r"```.*?```|`[^`]*`", "", document.read_text(), flags=re.DOTALL)
    quoted = QUOTED.findall(text.replace("**", ""))
    labels = [re.sub(r"\s+", " ", label) for label in quoted]
    parts = [part for label in labels for part in label.split(" > ")]
    return [part for part in parts if part[0].isupper()]


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Return the texts of the pages, and the headings of the documents."""
    texts = {entry.source for entry in read_entries("de")}
    headings = {
        heading
        for document in DOCUMENTS
        for heading in re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    }
    # The administration begins the names of its models with a capital.
    return texts | headings | {text[:1].upper() + text[1:] for text in texts}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_each_label_that_a_document_quotes_is_on_a_page(
    document: Path, known: set[str]
) -> None:
    unknown = [
        label
        for label in read_labels(document)
        if label not in known | OTHERS
        and not any(text.startswith(f"{label} ") for text in known)
    ]
    assert unknown == []


def test_the_documents_quote_labels() -> None:
    quoted = {label for document in DOCUMENTS for label in read_labels(document)}

    assert "Third-Party Client Security Password" in quoted
    assert len(quoted) > 40
    assert quoted >= OTHERS
