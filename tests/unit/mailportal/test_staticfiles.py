"""Static files are prepared when they have changed, and only then."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import get_finder
from django.core.management import call_command
from pytest_django import Settings
from whitenoise.storage import MissingFileError

from mailportal import settings as project_settings


@pytest.fixture
def source(settings: Settings, tmp_path: Path) -> Path:
    """A folder with one style sheet, the only static file that there is."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "page.css").write_text("body { color: black }")
    settings.STATICFILES_DIRS = [source]
    finder = "django.contrib.staticfiles.finders.FileSystemFinder"
    settings.STATICFILES_FINDERS = [finder]
    settings.STORAGES = {**settings.STORAGES, **project_settings.STORAGES}
    settings.STATIC_ROOT = tmp_path / "collected"
    return source


@pytest.fixture
def collected(source: Path, settings: Settings) -> Path:
    assert prepared() > 0
    return Path(settings.STATIC_ROOT)


def prepared() -> int:
    """Run collectstatic, and return how many files it says that it has prepared."""
    get_finder.cache_clear()  # type: ignore[attr-defined]
    said = StringIO()
    call_command("collectstatic", interactive=False, stdout=said)
    found = re.search(r"(\d+) post-processed", said.getvalue())
    return int(found[1]) if found else 0


def hashed(collected: Path) -> list[Path]:
    return sorted(collected.glob("page.*.css"))


@pytest.mark.usefixtures("collected")
def test_what_has_not_changed_is_not_prepared_again() -> None:
    assert prepared() == 0


def test_a_changed_file_is_prepared(source: Path, collected: Path) -> None:
    (source / "page.css").write_text("body { color: white }")

    assert prepared() > 0
    assert {path.read_text() for path in hashed(collected)} == {
        "body { color: black }",  # pages that are open still name it
        "body { color: white }",
    }


@pytest.mark.usefixtures("collected")
def test_another_release_of_what_prepares_them_prepares_them_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mailportal.staticfiles.version", lambda _package: "next")

    assert prepared() > 0


@pytest.mark.parametrize("pattern", ["page.*.css", "staticfiles.json"])
def test_what_is_missing_is_made_again(pattern: str, collected: Path) -> None:
    (name,) = collected.glob(pattern)
    name.unlink()

    assert prepared() > 0
    assert name.exists()


@pytest.mark.usefixtures("collected")
def test_what_failed_is_not_taken_for_prepared(source: Path) -> None:
    (source / "page.css").write_text("body { background: url(missing.png) }")

    for _ in range(2):
        with pytest.raises(MissingFileError):
            prepared()
