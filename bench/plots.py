"""Bars as SVG: one picture for each group of loads, a row of panels for each load."""

from __future__ import annotations

from html import escape

from store import Figures

BAR, GAP, HEAD, LABEL, WIDTH, FIGURE = 16, 5, 44, 120, 260, 80
OURS, THEIRS, LIMIT = "#2563eb", "#94a3b8", "#d6d3d1"
INK, PAPER = "#1e293b", "white"


def group(title: str, loads: list[tuple[str, dict[str, Figures]]]) -> str:
    """The first two figures of every load, with the same servers on the same lines."""
    parts: list[str] = []
    top = 8
    for name, rows in loads:
        parts += _load(name, rows, top)
        top += HEAD + len(rows) * (BAR + GAP) + 12
    width = LABEL + 2 * (WIDTH + FIGURE)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" viewBox="0 0 {width} {top}"'
    style = f' font-family="sans-serif" font-size="12" fill="{INK}" role="img">'
    ground = f'<title>{escape(title)}</title><rect width="100%" height="100%" fill="{PAPER}"/>'
    return "\n".join([head + style, ground, *parts, "</svg>\n"])


def _load(name: str, rows: dict[str, Figures], top: int) -> list[str]:
    columns = list(next(iter(rows.values())))[:2]
    parts = [f'<text x="8" y="{top + 12}" font-weight="bold">{escape(name)}</text>']
    for at, column in enumerate(columns):
        left = LABEL + at * (WIDTH + FIGURE)
        parts.append(f'<text x="{left}" y="{top + 32}" fill="#64748b">{escape(column)}</text>')
        highest = max(max(0.0, row.get(column, 0.0)) for row in rows.values()) or 1.0
        for line, (server, row) in enumerate(rows.items()):
            parts += _bar(server, row.get(column), highest, left, top + HEAD + line * (BAR + GAP))
    for line, server in enumerate(rows):
        y = top + HEAD + line * (BAR + GAP) + 12
        parts.append(f'<text x="{LABEL - 8}" y="{y}" text-anchor="end">{escape(server)}</text>')
    return parts


def _bar(server: str, value: float | None, highest: float, left: int, top: int) -> list[str]:
    length = WIDTH * max(0.0, value or 0.0) / highest
    colour = {"tlsgi": OURS, "nginx": LIMIT}.get(server, THEIRS)
    return [
        f'<rect x="{left}" y="{top}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>',
        f'<text x="{left + length + 5:.1f}" y="{top + 12}">{shown(value)}</text>',
    ]


def shown(value: float | None) -> str:
    """A figure with as many digits as mean something."""
    if value is None:
        return "–"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
