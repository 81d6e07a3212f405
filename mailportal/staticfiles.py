"""The storage of static files, which hashes and compresses them."""

import hashlib
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# The packages whose versions affect the result, besides the files.
PREPARED_BY = ("django", "whitenoise")
Paths = Mapping[str, tuple[Storage, str]]


class PreparedOnce(CompressedManifestStaticFilesStorage):
    """Hashed names and compressed copies, made again only if a file has changed.

    `collectstatic` runs at each start of the portal, and compression takes longer than
    the rest of the start.
    """

    made_of_name = "made-of"

    def post_process(self, paths: Paths, *args: Any, **options: Any) -> Iterator[Any]:
        """Prepare the files, unless the result for the same files exists.

        After an interruption, the next run starts again.
        """
        if options.get("dry_run"):
            return
        made_of = _digest(paths)
        if made_of == self._read_made_of() and self._is_complete():
            return
        self.delete(self.made_of_name)
        yield from super().post_process(paths, *args, **options)
        self.save(self.made_of_name, ContentFile(made_of.encode()))

    def _read_made_of(self) -> str | None:
        if not self.exists(self.made_of_name):
            return None
        with self.open(self.made_of_name) as file:
            return str(file.read().decode())

    def _is_complete(self) -> bool:
        names = [self.manifest_name, *self.hashed_files.values()]
        return all(self.exists(name) for name in names)


def _digest(paths: Paths) -> str:
    """Return a digest of the files, and of the versions of what prepares them."""
    digest = hashlib.sha256()
    for package in PREPARED_BY:
        digest.update(f"{package} {version(package)}\0".encode())
    for name in sorted(paths):
        storage, path = paths[name]
        with storage.open(path) as file:
            content = hashlib.sha256(file.read()).hexdigest()
        digest.update(f"{name}\0{content}\0".encode())
    return digest.hexdigest()
