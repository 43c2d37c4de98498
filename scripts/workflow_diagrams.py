"""Draw every workflow from its own table: docs/reference/workflows.md and a picture of each beside it.

python scripts/workflow_diagrams.py            write them
python scripts/workflow_diagrams.py --check    end with 1 if they are not what the tables say
"""

from __future__ import annotations

import sys
from html import escape
from itertools import pairwise
from pathlib import Path

from exchange.core.workflows import ANY, NEW, Workflow
from exchange.engine.workflows import WORKFLOWS

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "workflows.md"
PICTURES = PAGE.parent / "workflows"
BOX_HEIGHT, ROW, BEND, GAP, MARGIN, CHARACTER = 30, 62, 26, 84, 24, 7.4
INK, PAPER, FIRST, LAST = "#1f2937", "#ffffff", "#dbeafe", "#e5e7eb"


def main() -> int:
    """Write, or compare."""
    wanted = {PAGE: page()} | {PICTURES / f"{slug(flow)}.svg": picture(flow) for flow in WORKFLOWS}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    stale += [path for path in PICTURES.glob("*.svg") if path not in wanted]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.name} is not what the tables say: run scripts/workflow_diagrams.py")
        return int(bool(stale))
    PICTURES.mkdir(exist_ok=True)
    for path in stale:
        if path in wanted:
            path.write_text(wanted[path])
        else:
            path.unlink()
    print(f"{len(WORKFLOWS)} workflows, {len(stale)} files changed")
    return 0


def slug(flow: Workflow) -> str:
    """A workflow's name in a file's name."""
    return flow.name.replace(" ", "-")


def page() -> str:
    """The page: a picture and a numbered table a workflow."""
    parts = [
        "# Workflows\n\nEach picture is drawn from the table that the engine's tests are held to; the numbers on the"
        " arrows are the table's\nlines. `clock.advance` is time going by: a period or a deadline that is over.\n"
    ]
    for flow in WORKFLOWS:
        title = flow.name[0].upper() + flow.name[1:]
        parts.append(f"## {title}\n\n![{title}: its states and steps](workflows/{slug(flow)}.svg)\n")
        rows = ["|  | From | To | By |", "|---|---|---|---|"]
        for number, ((before, after), commands) in enumerate(flow.steps.items(), start=1):
            by = ", ".join("any command that needs it" if name == ANY else f"`{name}`" for name in commands)
            rows.append(f"| {number} | {'(new)' if before == NEW else before} | {after} | {by} |")
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


# --- The picture ------------------------------------------------------------------------------------------------------

Spot = tuple[float, float]
Node = str | tuple[str, int]
"""A state, or a bend on the way to one, in a column between: all that pass there for one state share it."""


def picture(flow: Workflow) -> str:
    """One workflow as SVG: states in columns, each behind all that lead to it, arrows numbered as in its table."""
    back = _ways_back(flow)
    depth = _depths(flow, back)
    columns = _ordered(flow, back, depth)
    places: dict[Node, tuple[float, float, float]] = {}
    heights = [sum(_height(node) for node in column) for column in columns]
    x = float(MARGIN)
    for column, tall in zip(columns, heights, strict=True):
        width = max(_width(node) for node in column)
        y = MARGIN + (max(heights) - tall) / 2
        for node in column:
            places[node] = (x, y + _height(node) / 2, _width(node) if node == NEW else width)
            y += _height(node)
        x += width + GAP
    full_width, full_height = x - GAP + MARGIN, max(heights) + 2 * MARGIN + (30 if back else 0)
    taken: list[Spot] = []
    arrows = [_arrow(number, places, depth, step, taken) for number, step in enumerate(flow.steps, start=1)]
    boxes = [_box(flow, node, place) for node, place in places.items() if isinstance(node, str)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full_width:.0f} {full_height:.0f}" '
        f'width="{full_width:.0f}" font-family="sans-serif" font-size="13">\n'
        f"<title>{escape(flow.name)}</title>\n"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="{INK}"/></marker></defs>\n'
        f'<rect width="100%" height="100%" fill="{PAPER}"/>\n'
    )
    lines = [line for line, _ in arrows]
    marks = [mark for _, mark in arrows]
    return head + "\n".join([*lines, *boxes, *marks]) + "\n</svg>\n"


def _height(node: Node) -> float:
    return ROW if isinstance(node, str) else BEND


def _width(node: Node) -> float:
    return 18.0 if node == NEW else len(node) * CHARACTER + 22 if isinstance(node, str) else 10.0


def _depths(flow: Workflow, back: set[tuple[str, str]]) -> dict[str, int]:
    """Each state's column: behind all that lead to it, ways back aside."""
    depth = dict.fromkeys((NEW, *flow.states), 0)
    for _ in flow.states:
        for before, after in flow.steps:
            if (before, after) not in back:
                depth[after] = max(depth[after], depth[before] + 1)
    return depth


def _route(depth: dict[str, int], before: str, after: str) -> list[Node]:
    """The nodes a step goes through, its two states among them."""
    return [before, *((after, column) for column in range(depth[before] + 1, depth[after])), after]


def _ordered(flow: Workflow, back: set[tuple[str, str]], depth: dict[str, int]) -> list[list[Node]]:
    """The columns, each in an order that keeps its nodes beside those they are joined to."""
    columns: list[list[Node]] = [[] for _ in range(max(depth.values()) + 1)]
    for state, column in depth.items():
        columns[column].append(state)
    joined: dict[Node, list[Node]] = {}
    for before, after in flow.steps:
        route = _route(depth, before, after) if (before, after) not in back else []
        for one, other in pairwise(route):
            joined.setdefault(one, []).append(other)
            joined.setdefault(other, []).append(one)
        for node in route[1:-1]:
            column = depth[before] + route.index(node)
            if node not in columns[column]:
                columns[column].append(node)
    height: dict[Node, float] = {}
    for column in columns:
        _set_heights(column, height)
    for sweep in range(8):
        for place in range(len(columns)) if sweep % 2 == 0 else reversed(range(len(columns))):
            side = columns[place - 1] if sweep % 2 == 0 and place else columns[(place + 1) % len(columns)]

            def weight(node: Node, side: list[Node] = side) -> tuple[float, str]:
                near = [height[other] for other in joined.get(node, []) if other in side]
                return (sum(near) / len(near) if near else height[node]), str(node)

            columns[place].sort(key=weight)
            _set_heights(columns[place], height)
    return columns


def _set_heights(column: list[Node], height: dict[Node, float]) -> None:
    y = -sum(_height(node) for node in column) / 2
    for node in column:
        height[node] = y + _height(node) / 2
        y += _height(node)


def _ways_back(flow: Workflow) -> set[tuple[str, str]]:
    """The steps that lead back to where a case has been."""
    back: set[tuple[str, str]] = set()
    done: dict[str, None] = {}

    def visit(state: str, way: tuple[str, ...]) -> None:
        for before, after in flow.steps:
            if before == state:
                if after in (*way, state):
                    back.add((before, after))
                elif after not in done:
                    visit(after, (*way, state))
        done[state] = None

    visit(NEW, ())
    return back


def _box(flow: Workflow, state: str, place: tuple[float, float, float]) -> str:
    """One state."""
    x, y, width = place
    if state == NEW:
        return f'<circle cx="{x + 9:.1f}" cy="{y:.1f}" r="7" fill="{INK}"/>'
    fill = LAST if state in flow.ends else FIRST
    stroke = 2.5 if state in flow.ends else 1
    return (
        f'<rect x="{x:.1f}" y="{y - BOX_HEIGHT / 2:.1f}" width="{width:.1f}" height="{BOX_HEIGHT}" rx="7" '
        f'fill="{fill}" stroke="{INK}" stroke-width="{stroke}"/>'
        f'<text x="{x + width / 2:.1f}" y="{y + 4.5:.1f}" text-anchor="middle" fill="{INK}">{escape(state)}</text>'
    )


def _arrow(
    number: int,
    places: dict[Node, tuple[float, float, float]],
    depth: dict[str, int],
    step: tuple[str, str],
    taken: list[Spot],
) -> tuple[str, str]:
    """One step: its curve, and its number on it, away from the numbers that are there."""
    before, after = step
    (x1, y1, w1), (x2, y2, w2) = places[before], places[after]
    if depth[after] > depth[before]:
        stops = [places[node] for node in _route(depth, before, after)]
        curves = [_onwards((x + width, y), (to_x, to_y)) for (x, y, width), (to_x, to_y, _) in pairwise(stops)]
    elif x1 == x2:  # beside
        up = y2 < y1
        start = (x1 + w1 * 0.75, y1 - BOX_HEIGHT / 2 if up else y1 + BOX_HEIGHT / 2)
        end = (x2 + w2 * 0.75, y2 + BOX_HEIGHT / 2 if up else y2 - BOX_HEIGHT / 2)
        curves = [(start, start, end, end)]
    else:  # back, below
        start, end = (x1 + w1 * 0.3, y1 + BOX_HEIGHT / 2), (x2 + w2 * 0.7, y2 + BOX_HEIGHT / 2)
        deep = max(y1, y2) + ROW * 0.75
        curves = [(start, (start[0], deep), (end[0], deep), end)]
    own = curves[0]
    x, y = max(
        (_on_curve(part, own) for part in (0.5, 0.4, 0.6, 0.3, 0.7, 0.22)),
        key=lambda spot: min([36.0, *(abs(spot[0] - other[0]) + abs(spot[1] - other[1]) for other in taken)]),
    )
    taken.append((x, y))
    path = f"M{own[0][0]:.1f} {own[0][1]:.1f}"
    for place, curve in enumerate(curves):
        if place:
            path += f"L{curve[0][0]:.1f} {curve[0][1]:.1f}"
        path += "C" + " ".join(f"{across:.1f} {down:.1f}" for across, down in curve[1:])
    line = f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.2" marker-end="url(#tip)"/>'
    mark = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{PAPER}" stroke="{INK}" stroke-width="0.8"/>'
        f'<text x="{x:.1f}" y="{y + 3.6:.1f}" text-anchor="middle" font-size="10.5" fill="{INK}">{number}</text>'
    )
    return line, mark


Curve = tuple[Spot, Spot, Spot, Spot]


def _onwards(start: Spot, end: Spot) -> Curve:
    bend = max(20.0, (end[0] - start[0]) * 0.5)
    return start, (start[0] + bend, start[1]), (end[0] - bend, end[1]), end


def _on_curve(part: float, curve: Curve) -> Spot:
    """A point of a cubic curve."""
    shares = ((1 - part) ** 3, 3 * (1 - part) ** 2 * part, 3 * (1 - part) * part**2, part**3)
    x, y = (sum(share * point[axis] for share, point in zip(shares, curve, strict=True)) for axis in (0, 1))
    return x, y


if __name__ == "__main__":
    raise SystemExit(main())
