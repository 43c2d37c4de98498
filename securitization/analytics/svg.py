"""A chart as text: a frame with axes, and lines, areas and bars within. The same figures give the same bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape

from securitization.analytics.amortise import Floats

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 72, 24, 56, 56
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Told apart also by those who do not see all colours. Source: Okabe and Ito, Color universal design (2008)."""

INK, GRID = "#333333", "#dddddd"


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round numbers from one end to the other: 1, 2 or 5 times a power of ten apart.

    >>> ticks(0, 23)
    [0.0, 5.0, 10.0, 15.0, 20.0]
    """
    span = (high - low) / about
    power = 10.0 ** math.floor(math.log10(span))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= span * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) + 0.0 for number in range(first, math.floor(high / step + 1e-9) + 1)]


def short(value: float) -> str:
    """A number for an axis: 1,500,000 is 1.5M.

    >>> [short(each) for each in (0, 0.25, 12, 1_500, 2_000_000, 3e9)]
    ['0', '0.25', '12', '1.5k', '2M', '3bn']
    """
    for size, name in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{name}"
    return f"{value:.4g}"


@dataclass
class Chart:
    """One chart under way. Units: `x` and `y` are the ends of the axes in the data's own units."""

    title: str
    x_label: str
    y_label: str
    x: tuple[float, float]
    y: tuple[float, float]
    percent_x: bool = False
    percent_y: bool = False
    marks: list[str] = field(default_factory=list[str])
    legend: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def __post_init__(self) -> None:
        """An axis of no length would have no place for its marks."""
        self.x = self.x if self.x[1] > self.x[0] else (self.x[0], self.x[0] + 1.0)
        self.y = self.y if self.y[1] > self.y[0] else (self.y[0], self.y[0] + 1.0)

    def at(self, x: float, y: float) -> str:
        """Data to points of the picture."""
        across = LEFT + (x - self.x[0]) / (self.x[1] - self.x[0]) * (WIDTH - LEFT - RIGHT)
        down = HEIGHT - BOTTOM - (y - self.y[0]) / (self.y[1] - self.y[0]) * (HEIGHT - TOP - BOTTOM)
        return f"{across:.1f},{down:.1f}"

    def line(self, xs: Floats, ys: Floats, colour: str, name: str, *, dashed: bool = False) -> None:
        """A line through the points."""
        path = " ".join(self.at(x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True))
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        self.marks.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        self.legend.append((name, colour))

    def band(self, xs: Floats, low: Floats, high: Floats, colour: str, name: str) -> None:
        """The area between two lines."""
        upper = [self.at(x, y) for x, y in zip(xs.tolist(), high.tolist(), strict=True)]
        lower = [self.at(x, y) for x, y in zip(xs.tolist(), low.tolist(), strict=True)]
        path = " ".join([*upper, *reversed(lower)])
        self.marks.append(f'<polygon points="{path}" fill="{colour}"/>')
        self.legend.append((name, colour))

    def bar(self, left: float, right: float, height: float, colour: str) -> None:
        """A bar that stands on the lower axis."""
        low, high = self.at(left, self.y[0]).split(","), self.at(right, height).split(",")
        width, tall = float(high[0]) - float(low[0]), float(low[1]) - float(high[1])
        self.marks.append(f'<rect x="{low[0]}" y="{high[1]}" width="{width:.1f}" height="{tall:.1f}" fill="{colour}"/>')

    def text(self, x: float, y: float, words: str) -> None:
        """Words above a point."""
        across, down = self.at(x, y).split(",")
        self.marks.append(f'<text x="{across}" y="{float(down) - 6:.1f}" text-anchor="middle">{escape(words)}</text>')

    def render(self, *, x_ticks: bool = True) -> str:
        """The whole picture."""
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'role="img" font-family="sans-serif" font-size="12" fill="{INK}">',
            f"<title>{escape(self.title)}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            f'<text x="{LEFT}" y="20" font-size="15" font-weight="bold">{escape(self.title)}</text>',
        ]
        for value in ticks(*self.y):
            down = self.at(self.x[0], value).split(",")[1]
            parts.append(f'<line x1="{LEFT}" x2="{right}" y1="{down}" y2="{down}" stroke="{GRID}"/>')
            parts.append(f'<text x="{LEFT - 8}" y="{float(down) + 4:.1f}" text-anchor="end">{self._y(value)}</text>')
        parts += self.marks
        parts.append(f'<line x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}" stroke="{INK}"/>')
        for value in ticks(*self.x) if x_ticks else []:
            across = self.at(value, self.y[0]).split(",")[0]
            parts.append(f'<text x="{across}" y="{bottom + 18}" text-anchor="middle">{self._x(value)}</text>')
        middle = (LEFT + right) / 2
        parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(self.x_label)}</text>')
        turned = f"rotate(-90 16 {(TOP + bottom) / 2:.0f})"
        parts.append(
            f'<text x="16" y="{(TOP + bottom) / 2:.0f}" text-anchor="middle" transform="{turned}">'
            f"{escape(self.y_label)}</text>"
        )
        return "\n".join([*parts, *self._legend(), "</svg>"]) + "\n"

    def _legend(self) -> list[str]:
        parts, across = list[str](), LEFT
        for name, colour in self.legend:
            parts.append(f'<rect x="{across}" y="32" width="12" height="12" fill="{colour}"/>')
            parts.append(f'<text x="{across + 18}" y="42">{escape(name)}</text>')
            across += 40 + 6 * len(name)
        return parts

    def _x(self, value: float) -> str:
        return f"{value * 100:.4g} %" if self.percent_x else short(value)

    def _y(self, value: float) -> str:
        return f"{value * 100:.4g} %" if self.percent_y else short(value)
