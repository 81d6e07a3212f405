"""Ask the system about processes."""

from pathlib import Path


def runs(pid: int, name: str | None = None) -> bool:
    """Whether this process runs and, if a name is given, runs that program."""
    try:
        found = Path(f"/proc/{pid}/comm").read_text().strip()
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z" and name in {None, found}
