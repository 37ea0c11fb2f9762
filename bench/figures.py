"""Samples, their median and quartiles, and tables of them: what every benchmark prints."""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

MIN_SAMPLES = 10


def sample_count(text: str) -> int:
    """As an option states it."""
    if (count := int(text)) < MIN_SAMPLES:
        raise argparse.ArgumentTypeError(f"at least {MIN_SAMPLES} samples make a median with a spread")
    return count


@dataclass(frozen=True)
class Summary:
    """The median of samples and the quartiles around it, in the samples' unit."""

    median: float
    lower: float
    upper: float
    samples: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Summary:
        if not samples:
            raise ValueError("a summary needs samples")
        if len(samples) == 1:
            return cls(samples[0], samples[0], samples[0], 1)
        lower, median, upper = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(median, lower, upper, len(samples))

    def __str__(self) -> str:
        return f"{number(self.median)} ({number(self.lower)}-{number(self.upper)})"

    def as_json(self, unit: str) -> dict[str, float | int]:
        fields = asdict(self)
        return {"samples": fields.pop("samples")} | {f"{name}_{unit}": value for name, value in fields.items()}


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if not math.isfinite(value):
        return str(value)
    magnitude = abs(float(f"{value:.3g}"))  # rounded first: 9.996 has the form of 10
    if magnitude >= 100:
        return f"{value:,.0f}"
    for limit, digits in ((10, 1), (1, 2), (0.1, 3), (0.01, 4)):
        if magnitude >= limit:
            return f"{value:.{digits}f}"
    return f"{value:.5f}" if value else "0"


def byte_count(count: float) -> str:
    """Decimal units, as the command line prints them."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{number(count / size)} {unit}"
    return f"{count:.0f} B"


def verdict(ratio: float, target: float | None, stretch: float | None) -> str:
    """What a ratio reaches of the goals that were set for it."""
    if target is None:
        return ""
    if stretch is not None and ratio >= stretch:
        return "stretch met"
    return "met" if ratio >= target else "not met"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Columns as wide as what they hold; the first `left` of them flush left, the others flush right."""
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row of {len(row)} cells in a table of {len(header)} columns: {row}")
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(cell.ljust(width) if i < left else cell.rjust(width)
                         for i, (cell, width) in enumerate(zip(cells, widths, strict=True))).rstrip()

    return "\n".join([line(header), "  ".join("-" * width for width in widths), *map(line, rows)])
