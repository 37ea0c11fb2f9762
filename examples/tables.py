"""The tables that the notebooks work on: made up here, or read where a public data set is at hand."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
#: Not used by the reference preparation of the heart disease table.
DROPPED = ["education", "currentSmoker", "BPMeds", "diabetes", "diaBP", "BMI"]


def data_folder() -> Path:
    """Where public data sets lie: CLOISTER_DATA_DIR, or ../shared/data beside the checkout."""
    return Path(os.environ.get("CLOISTER_DATA_DIR", HERE.parents[1] / "shared" / "data"))


def heart_disease() -> tuple[pd.DataFrame, str]:
    """Ten-year risk of coronary heart disease, target `TenYearCHD`, 16 columns, and where the table comes from."""
    path = data_folder() / "framingham.csv"
    if path.exists():
        return pd.read_csv(path), "the public data set framingham.csv"
    return made_up_heart_disease(), "made up: no row describes anybody"


def made_up_heart_disease(rows: int = 6000, seed: int = 1) -> pd.DataFrame:
    """Columns, types, ranges and gaps of framingham.csv; risks by a logistic model, about 15% of them positive."""
    draw = np.random.default_rng(seed)

    def bell(mean: object, deviation: float, low: float, high: float, digits: int = 0) -> np.ndarray:
        return np.clip(draw.normal(mean, deviation, rows), low, high).round(digits)

    table = pd.DataFrame({"male": draw.random(rows) < 0.43, "age": bell(50, 9, 32, 70)})
    table["education"] = draw.choice([1.0, 2, 3, 4], rows, p=[0.42, 0.3, 0.17, 0.11])
    table["currentSmoker"] = draw.random(rows) < 0.5
    table["cigsPerDay"] = bell(18, 11, 1, 70) * table.currentSmoker
    table["BPMeds"] = (draw.random(rows) < 0.03).astype(float)
    table["prevalentStroke"] = draw.random(rows) < 0.01
    table["prevalentHyp"] = False
    table["diabetes"] = draw.random(rows) < 0.025
    table["totChol"] = bell(235 + 1.2 * (table.age - 50), 42, 105, 700)
    table["sysBP"] = bell(132 + 0.9 * (table.age - 50), 19, 80, 295, 1)
    table["diaBP"] = bell(82 + 0.4 * (table.sysBP - 130), 8, 48, 145, 1)
    table["BMI"] = bell(26, 4, 15, 57, 2)
    table["heartRate"] = bell(76, 12, 44, 145)
    table["glucose"] = bell(80 + 90 * table.diabetes, 12, 40, 395)
    table["prevalentHyp"] = table.sysBP + draw.normal(0, 8, rows) > 142
    logit = (-2.55 + 0.6 * table.male + 0.075 * (table.age - 50) + 0.02 * table.cigsPerDay + 0.6 * table.prevalentStroke
             + 0.2 * table.prevalentHyp + 0.002 * (table.totChol - 235) + 0.014 * (table.sysBP - 130)
             + 0.008 * (table.glucose - 80))
    table["TenYearCHD"] = draw.random(rows) < 1 / (1 + np.exp(-logit))
    gaps = {"education": 0.025, "cigsPerDay": 0.007, "BPMeds": 0.0125, "totChol": 0.012, "BMI": 0.005, "glucose": 0.09}
    whole = table.select_dtypes(bool).columns
    table[whole] = table[whole].astype(int)
    for column, rate in gaps.items():
        table.loc[draw.random(rows) < rate, column] = np.nan
    return table


def salaries(rows: int = 1000, seed: int = 1) -> pd.DataFrame:
    """Made up: what people of a company eat, do and earn. Target `salary`; a linear model explains about 86% of it."""
    draw = np.random.default_rng(seed)
    table = pd.DataFrame({
        "age": draw.integers(18, 65, rows),
        "healthy_eating": np.clip(draw.normal(5, 2, rows), 0, 10).round(),
        "active_lifestyle": np.clip(draw.normal(5.5, 2, rows), 0, 10).round(),
        "Gender": draw.integers(0, 2, rows),
    })
    salary = (2500 + 20 * (table.age - 41) + 450 * (table.healthy_eating - 5) - 150 * (table.active_lifestyle - 5.5)
              + 200 * (table.Gender - 0.5) + draw.normal(0, 390, rows))
    return table.assign(salary=np.clip(salary, 500, 6000).round()).astype(int)


@dataclass(frozen=True)
class Salaries:
    """The made-up salaries as models take them: columns standardized, salaries in thousands."""

    features: np.ndarray  #: [rows][columns]
    target: np.ndarray  #: [rows]
    columns: list[str]


def standardized_salaries() -> Salaries:
    """Of the first 800 rows, which models are trained on."""
    table = salaries()[:800]
    features = table.drop(columns="salary")
    standardized = (features - features.mean()) / features.std(ddof=0)
    return Salaries(standardized.to_numpy(), table.salary.to_numpy() / 1000, list(features.columns))


def save_layer(name: str, framework: str, layer: str, arrays: dict[str, np.ndarray]) -> None:
    """A layer's arrays in models/<name>, and what made them."""
    text = {"framework": framework, "layer": layer, **{key: array.tolist() for key, array in arrays.items()}}
    (HERE / "models" / name).write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")


def load_layer(name: str) -> dict[str, Any]:
    """What save_layer wrote."""
    found: dict[str, Any] = json.loads((HERE / "models" / name).read_text(encoding="utf-8"))
    return found
