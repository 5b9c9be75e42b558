#!/usr/bin/env python3
"""The figures of bench/who.sh as a table, and as a chart: who_chart.py FIGURES.csv [CHART.svg]

The table goes to stdout. A line of FIGURES is "processes,question,tool,ms"; of equal ones the last counts.
"""

import csv
import math
import sys
from xml.sax.saxutils import escape

TOOLS = {  # in the order of the table: colour, dashes; None: not in the chart
    "BPF floor": ("#9a9a9a", "2 3"),
    "BPF": ("#0b6e4f", ""),
    "BPF, 2 threads": ("#0b6e4f", "6 3"),
    "/proc floor": None,
    "/proc": ("#1f5fa8", ""),
    "/proc floor, 2 threads": None,
    "/proc, 2 threads": ("#1f5fa8", "6 3"),
    "fuser": ("#c77700", ""),
    "lsof -nPw": ("#b3262a", ""),
}
BASE = "BPF"
CELL_WIDTH, CELL_HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 430, 300, 62, 112, 34, 40
FONT = "font-family='sans-serif' font-size='12'"


def read(path):
    """question -> processes -> tool -> ms"""
    figures = {}
    with open(path, newline="", encoding="utf-8") as lines:
        for count, question, tool, ms in csv.reader(line for line in lines if line[0] != "#"):
            figures.setdefault(question, {}).setdefault(int(count), {})[tool] = float(ms)
    return figures


def table(figures):
    compared = {question: counts for question, counts in figures.items() if any(len(row) > 1 for row in counts.values())}
    lines = ["| processes | question | " + " | ".join(TOOLS) + " |", "|---" * (len(TOOLS) + 2) + "|"]
    for count in sorted({count for counts in compared.values() for count in counts}):
        for question, counts in compared.items():
            if row := counts.get(count):
                cells = [f"{row[tool]:.1f} ({row[tool] / row[BASE]:.1f})" if tool in row else "-" for tool in TOOLS]
                lines.append(f"| {count} | {question} | {' | '.join(cells)} |")
    for question, counts in figures.items():
        if question not in compared:
            lines += [""] + [f"{count} processes, {question}: {tool} {ms:.1f} ms" for count, row in counts.items() for tool, ms in row.items()]
    return "\n".join(lines)


def ticks(low, high):
    """1, 2, 5, 10, ... that lie between, for a logarithmic axis."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [step * 10**power for power in powers for step in (1, 2, 5) if low <= step * 10**power <= high]


def spread(wanted, least):
    """Heights near the wanted ones, ascending, that are `least` apart."""
    placed = []
    for height in sorted(wanted):
        placed.append(max(height, placed[-1] + least) if placed else height)
    return placed


class Panel:
    """One question: milliseconds by processes, both axes logarithmic."""

    def __init__(self, question, counts, left, top):
        self.question, self.counts = question, counts
        self.left, self.top = left + LEFT, top + TOP
        self.width, self.height = CELL_WIDTH - LEFT - RIGHT, CELL_HEIGHT - TOP - BOTTOM
        times = [ms for row in counts.values() for tool, ms in row.items() if TOOLS.get(tool)]
        self.ms = (min(times) / 1.2, max(times) * 1.2)
        self.processes = (min(counts), max(counts))

    def x(self, count):
        low, high = (math.log(end) for end in self.processes)
        return self.left + self.width * (0.5 if low == high else (math.log(count) - low) / (high - low))

    def y(self, ms):
        low, high = (math.log(end) for end in self.ms)
        return self.top + self.height * (1 - (math.log(ms) - low) / (high - low))

    def draw(self):
        right, bottom = self.left + self.width, self.top + self.height
        yield f"<text x='{self.left}' y='{self.top - 14}' {FONT} font-weight='bold'>{escape(self.question)}</text>"
        for ms in ticks(*self.ms):
            y = self.y(ms)
            yield f"<line x1='{self.left}' x2='{right}' y1='{y:.1f}' y2='{y:.1f}' stroke='#dddddd'/>"
            yield f"<text x='{self.left - 6}' y='{y + 4:.1f}' {FONT} text-anchor='end'>{ms:g} ms</text>"
        for count in sorted(self.counts):
            x = self.x(count)
            yield f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{self.top}' y2='{bottom}' stroke='#dddddd'/>"
            yield f"<text x='{x:.1f}' y='{bottom + 16}' {FONT} text-anchor='middle'>{count:,}</text>"
        yield f"<text x='{self.left + self.width / 2}' y='{bottom + 32}' {FONT} text-anchor='middle'>processes</text>"
        ends = []
        for tool, style in TOOLS.items():
            points = [(self.x(count), self.y(row[tool])) for count, row in sorted(self.counts.items()) if style and tool in row]
            if not points:
                continue
            colour, dashes = style
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            yield f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2' stroke-dasharray='{dashes}'/>"
            yield from (f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.5' fill='{colour}'/>" for x, y in points)
            ends.append((points[-1][1], tool, colour))
        ends.sort()
        for y, (_, tool, colour) in zip(spread([end[0] for end in ends], 14), ends):
            yield f"<text x='{right + 8}' y='{y + 4:.1f}' {FONT} fill='{colour}'>{escape(tool)}</text>"


def chart(figures):
    compared = [(question, counts) for question, counts in figures.items() if any(len(row) > 1 for row in counts.values())]
    rows = (len(compared) + 1) // 2
    width, height = 2 * CELL_WIDTH, rows * CELL_HEIGHT
    lines = [f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}'>",
             f"<rect width='{width}' height='{height}' fill='white'/>"]
    for number, (question, counts) in enumerate(compared):
        lines += Panel(question, counts, number % 2 * CELL_WIDTH, number // 2 * CELL_HEIGHT).draw()
    return "\n".join(lines + ["</svg>", ""])


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    figures = read(sys.argv[1])
    print(table(figures))
    if len(sys.argv) == 3:
        with open(sys.argv[2], "w", encoding="utf-8") as out:
            out.write(chart(figures))


if __name__ == "__main__":
    main()
