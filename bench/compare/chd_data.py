"""The heart-disease table in its reference preparation: how Cloister is told to make it, and how a peer reads the
very rows that came of it."""

from __future__ import annotations

import csv
import statistics
from dataclasses import dataclass
from pathlib import Path

TARGET = "TenYearCHD"
DROPPED = ("education", "currentSmoker", "BPMeds", "diabetes", "diaBP", "BMI")
ITERATIONS = 5

PLAN = ("--target", TARGET, "--model", "logistic", "--missing", "drop-incomplete", "--drop", ",".join(DROPPED),
        "--balance", "--scaling", "standardize", "--test-fraction", "0.3", "--seed", "1",
        "--iterations", str(ITERATIONS))


@dataclass(frozen=True)
class Rows:
    """Standardized features with their labels, 0 or 1."""

    features: list[list[float]]
    labels: list[float]


def _read(path: Path) -> Rows:
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        names = [name for name in reader.fieldnames or () if name != TARGET and name not in DROPPED]
        rows = list(reader)
    return Rows([[float(row[name]) for name in names] for row in rows], [float(row[TARGET]) for row in rows])


def load(train: Path, test: Path) -> tuple[Rows, Rows]:
    """Both standardized by what is known of the training rows."""
    tables = [_read(train), _read(test)]
    columns = list(zip(*tables[0].features, strict=True))
    means = [statistics.fmean(column) for column in columns]
    deviations = [statistics.pstdev(column) or 1.0 for column in columns]

    def standardized(rows: Rows) -> Rows:
        return Rows([[(x - m) / d for x, m, d in zip(row, means, deviations, strict=True)] for row in rows.features],
                    rows.labels)

    return standardized(tables[0]), standardized(tables[1])
