"""Draw which room imports which, into docs/architecture.md.

A room is a folder or a module directly below an app. Arrows that follow from others are
left out. --check writes nothing, and exits with 1 if the drawing differs from the code.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
APPS = ("api", "administration", "provisioning", "clientpasswords", "accounts")
LEFT_OUT = {"apps", "migrations"}
BEGIN, END = "<!-- drawn by make structure -->\n", "<!-- end of the drawing -->\n"

Arrows = Mapping[str, set[str]]


def main(*arguments: str) -> int:
    """Write the drawing, or check the present one; return the exit code."""
    page = PAGE.read_text()
    start, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    drawing = "\n" + "".join(f"{draw_rooms(app)}\n" for app in APPS)
    if page[start:end] == drawing:
        return 0
    if "--check" in arguments:
        print(
            "docs/architecture.md does not show the imports there are: make structure"
        )
        return 1
    PAGE.write_text(page[:start] + drawing + page[end:])
    return 0


def draw_rooms(app: str) -> str:
    """Return the rooms of an app as a Mermaid flowchart."""
    arrows: dict[str, list[str]] = defaultdict(list)
    for room, imported in sorted(drop_implied_arrows(find_rooms(app))):
        arrows[room].append(imported)
    lines = [f"    {room} --> {' & '.join(to)}" for room, to in arrows.items()]
    return "\n".join(
        [f"### {app}", "", "```mermaid", "flowchart TD", *lines, "```", ""]
    )


def find_rooms(app: str) -> Arrows:
    """Return the rooms that each room of an app imports."""
    graph = grimp.build_graph(app, cache_dir=None)
    arrows: dict[str, set[str]] = defaultdict(set)
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            here, there = _room(module), _room(imported)
            if here != there and not {here, there} & {"", *LEFT_OUT}:
                arrows[here].add(there)
    return arrows


def drop_implied_arrows(arrows: Arrows) -> Iterator[tuple[str, str]]:
    """Yield the arrows, without those whose target a longer path reaches as well."""
    for here, rooms in arrows.items():
        for there in rooms:
            others = rooms - {there}
            if not any(there in _reached(arrows, other) for other in others):
                yield here, there


def _reached(arrows: Arrows, start: str) -> set[str]:
    found, ahead = set[str](), [start]
    while ahead:
        for room in arrows.get(ahead.pop(), set()) - found:
            found.add(room)
            ahead.append(room)
    return found


def _room(module: str) -> str:
    return [*module.split("."), ""][1]


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(*sys.argv[1:]))
