"""The parties: an owner, who holds data and the secret key, and a server, which holds neither.

Both work in folders whose files are the command line's, so that one party may use it and the other Python. What is in
the server's folder may leave the owner; nothing in the owner's folder but the plan does.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloister import _core
from cloister.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError
from cloister.model import LinearModel, feature_rows
from cloister.plan import Plan, PlanRequest
from cloister.progress import ProgressCallback, shown

PathLike = str | os.PathLike[str]
Progress = bool | ProgressCallback | None


def _public_keys(plan: Plan) -> str:
    """The file of the server's keys."""
    return "evaluation.keys" if plan.request["scheme"] == "ckks" else "public.key"


def _with_name(stem: str, name: str, suffix: str) -> str:
    if name and not re.fullmatch(r"[\w][\w.-]*", name):
        raise InvalidArgumentError(f"{name!r} is no name; take letters, digits, '-', '_' and '.'")
    return f"{stem}-{name}{suffix}" if name else f"{stem}{suffix}"


def _vector(target: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.ascontiguousarray(target, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"a target is numbers; map two classes to 0 and 1 ({error})") from error


class _Columns:
    """The names of an owner's columns and their order, in a file of its folder, once a step that fixes them is done."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def fixed(self) -> list[str] | None:
        """None as long as nothing is fixed; no names where what was encrypted had none."""
        return list(json.loads(self._path.read_text(encoding="utf-8"))) if self._path.exists() else None

    def fix(self, features: Any, names: Sequence[str] | None = None) -> None:
        """The columns of what was encrypted are those of all that follows."""
        if not self._path.exists():
            given = getattr(features, "columns", []) if names is None else names
            self._path.write_text(json.dumps([str(name) for name in given]), encoding="utf-8")

    def matrix(self, features: Any, names: Sequence[str] | None = None) -> NDArray[np.float64]:
        """A frame's columns in the order that is fixed, or is given by names. Raises InvalidArgumentError where they
        are others."""
        fixed = self.fixed
        if names is not None and fixed and list(names) != fixed:
            raise InvalidArgumentError(f"the columns are fixed as {', '.join(fixed)} in {self._path}")
        wanted = fixed if names is None else list(names)
        if not hasattr(features, "columns"):
            return feature_rows(features)
        if not wanted:
            if wanted is not None:
                warnings.warn("the columns before had no names: a frame's are taken in its own order", stacklevel=4)
            return feature_rows(features)
        given = [str(name) for name in features.columns]
        if sorted(given) != sorted(wanted):
            other = ", ".join(sorted(set(given) ^ set(wanted)) or given)
            raise InvalidArgumentError(f"the frame's columns are not {', '.join(wanted)}; they differ in {other}")
        return feature_rows(features.iloc[:, [given.index(name) for name in wanted]])


class _Party:
    """A folder, and how its steps run."""

    def __init__(self, folder: PathLike, threads: int, progress: Progress) -> None:
        self.folder = Path(folder)
        self.threads = threads  #: 0 stands for all of the machine's
        self.progress = progress

    def _present(self, path: Path, mend: str) -> Path:
        if not path.parent.is_dir():
            raise NotFoundError(f"the folder {path.parent} is not there")
        if not path.exists():
            raise NotFoundError(f"{path} is not there; {mend}")
        return path

    def _run(self, step: Any, *arguments: Any) -> Any:
        with shown(self.progress) as told:
            return step(*arguments, self.threads, told)

    def __repr__(self) -> str:
        files = ", ".join(sorted(p.name for p in self.folder.glob("*"))) or "nothing yet"
        return f"<{type(self).__name__} in {self.folder}: {files}>"


class Server(_Party):
    """Computes on what is encrypted: trains, predicts, adds up. It has no secret and asks nobody for one."""

    def __init__(self, folder: PathLike = "server", *, threads: int = 0, progress: Progress = None) -> None:
        super().__init__(folder, threads, progress)

    @property
    def plan(self) -> Plan:
        """The plan that the owner left here."""
        return Plan.load(self._plan)

    @property
    def _plan(self) -> Path:
        return self._present(self.folder / "plan.json", "the owner makes it with Owner.plan")

    @property
    def _keys(self) -> Path:
        return self._present(self.folder / _public_keys(self.plan), "the owner makes it with Owner.keygen")

    def train(self) -> Path:
        """Trains on the encrypted rows, without the owner's help; goes on from the last checkpoint where there is one.

        Returns the encrypted model's file, which the owner reads. Cost: Plan.estimates.
        """
        model = self.folder / "model.enc"
        rows = self._present(self.folder / "train.enc", "the owner makes it with Owner.encrypt_training")
        self._run(_core.train, self._plan, self._keys, rows, model, self.folder / "training.checkpoints")
        return model

    def predict(self, name: str = "", model: Any = None) -> Path:
        """Predicts on encrypted rows: with the encrypted model, or, where the plan's job is to predict, with a clear
        one of the server's own, over the columns as they were encrypted: a LinearModel, or what
        LinearModel.from_sklearn takes. It stays in the folder, for later rows.

        Returns the file of encrypted margins, which the owner reads.
        """
        rows = self._present(self.folder / _with_name("rows", name, ".enc"), "the owner makes it with Owner.encrypt")
        out = self.folder / _with_name("predictions", name, ".enc")
        job, kept = self.plan.request["job"], self.folder / "model.json"
        if model is None:
            trained = self.folder / "model.enc"
            path = self._present(*((kept, "pass a clear model") if job == "predict" else (trained, "call train first")))
            self._run(_core.predict, self._plan, self._keys, rows, path, out)
            return out
        if job != "predict":
            raise InvalidArgumentError(f"the plan's job is to {job}; plan with job='predict' for a clear model")
        clear = model if isinstance(model, LinearModel) else LinearModel.from_sklearn(model)
        if kept.exists() and LinearModel.load(kept) != clear:
            raise AlreadyExistsError(f"{kept} is another model; remove it, or use a folder for each")
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".model-") as folder:
            clear.save(passed := Path(folder) / kept.name)
            self._run(_core.predict, self._plan, self._keys, rows, passed, out)
            passed.replace(kept)
        return out

    def aggregate(self, sums: Sequence[PathLike] | None = None) -> Path:
        """Adds up several owners' encrypted sums: all of this folder, unless they are named."""
        found = sorted(self.folder.glob("sums-*.enc")) if sums is None else [Path(p) for p in sums]
        out = self.folder / "sums.enc"
        self._run(_core.aggregate, self._plan, self._keys, found, out)
        return out


class Owner(_Party):
    """Holds the data and the secret key; encrypts for a server and reads its answers.

    The secret key lies in the folder, sealed under `passphrase`; leave that away and say `unprotected=True` to have it
    in the clear. Nothing is overwritten. `pickle` leaves the passphrase out.

    Features are arrays or pandas' frames. The column names of the first rows that were encrypted (of those to train on,
    where the plan trains) stay in the folder: models have them, and later frames are brought to their order, or refused
    where they have other columns.
    """

    def __init__(self, folder: PathLike = "owner", server: PathLike = "server", *, passphrase: str | None = None,
                 unprotected: bool = False, threads: int = 0, progress: Progress = None) -> None:
        if passphrase is None and not unprotected:
            raise InvalidArgumentError("give a passphrase for the secret key, or unprotected=True to do without")
        if passphrase is not None:
            _core.check_passphrase(passphrase)
        super().__init__(folder, threads, progress)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self.outbox = Path(server)  #: the server's folder, or a copy of it that travels
        self.outbox.mkdir(parents=True, exist_ok=True)
        self._passphrase = passphrase
        self._columns = _Columns(self.folder / "features.json")

    def __getstate__(self) -> dict[str, Any]:
        """Without the passphrase: an owner that was pickled cannot open a sealed key. Make a new one for its folder."""
        return {**self.__dict__, "_passphrase": None}

    def __copy__(self) -> Owner:
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Owner:
        return self.__copy__()

    @property
    def _plan(self) -> Path:
        return self._present(self.folder / "plan.json", "make it with Owner.plan")

    @property
    def _secret(self) -> Path:
        return self._present(self.folder / "secret.key", "make it with Owner.keygen")

    def plan(self, plan: Plan | None = None, **request: Unpack[PlanRequest]) -> Plan:
        """Makes a plan (`Plan.make`), or takes one, and leaves it for both parties. Raises AlreadyExistsError, and
        changes nothing, where one of them has another."""
        made = Plan.make(progress=self.progress, **request) if plan is None else plan
        files = [folder / "plan.json" for folder in (self.folder, self.outbox)]
        for path in files:
            if path.exists() and Plan.load(path) != made:
                raise AlreadyExistsError(f"{path} is another plan; keep to it, or use other folders")
        for path in files:
            if not path.exists():
                made.save(path)
        return made

    def keygen(self) -> None:
        """Makes the secret key, and the keys that the server needs."""
        public = self.outbox / _public_keys(Plan.load(self._plan))
        self._run(_core.generate_keys, self._plan, self.folder / "secret.key", public, self._passphrase)

    def encrypt_training(self, features: ArrayLike, target: ArrayLike) -> Path:
        """Encrypts rows to train on: features `[rows][features]` within the plan's bound, standardized as it assumes;
        labels 0 and 1 of a logistic model, standardized values of a linear one."""
        out = self.outbox / "train.enc"
        values = _vector(target)
        if Plan.load(self._plan).request["model"] == "logistic" and np.unique(values).size == 1:
            raise InvalidArgumentError(f"every label is {values[0]:g}; a model needs rows of both classes")
        self._run(_core.encrypt_training_rows, self._plan, self._secret, out, self._columns.matrix(features), values,
                  self._passphrase)
        self._columns.fix(features)
        return out

    def encrypt(self, features: ArrayLike, name: str = "") -> Path:
        """Encrypts rows to predict. `name` tells several sets apart. Where the plan trains, a frame comes after those of
        encrypt_training, which fix the columns."""
        out = self.outbox / _with_name("rows", name, ".enc")
        trains = Plan.load(self._plan).request["job"] == "train"
        if trains and hasattr(features, "columns") and self._columns.fixed is None:
            raise InvalidArgumentError("the columns of the rows to train on are not known yet; call encrypt_training "
                                       "first, or pass an array in the order of theirs")
        self._run(_core.encrypt_rows, self._plan, self.outbox / "public.key", self._secret, out,
                  self._columns.matrix(features), self._passphrase)
        if not trains:
            self._columns.fix(features)
        return out

    def encrypt_sums(self, features: ArrayLike, target: ArrayLike, part: str, *,
                     columns: Sequence[str] | None = None) -> Path:
        """Encrypts this owner's part of a joint regression. It takes the plan and the public key alone, so further
        owners, who have no secret key, do the same.

        Nobody but the owners can see that all parts have the same columns in the same order: a frame needs `columns`,
        the order that all agreed on, unless this folder knows it from before.
        """
        if hasattr(features, "columns") and columns is None and not self._columns.fixed:
            raise InvalidArgumentError("all owners' columns are to be the same, in one order; pass columns=[...] as agreed")
        out = self.outbox / _with_name("sums", part, ".enc")
        self._run(_core.encrypt_sums, self._plan, self.outbox / "public.key", out,
                  self._columns.matrix(features, columns), _vector(target))
        self._columns.fix(features, columns)
        return out

    def decrypt_model(self) -> LinearModel:
        """The trained model, or that of all owners' sums, for the owner's eyes: over the columns as they were encrypted,
        so where these were standardized, for columns that are standardized likewise."""
        kind = Plan.load(self._plan).request["model"]
        found = [p for p in (self.outbox / "model.enc", self.outbox / "sums.enc") if p.exists()]
        path = found[0] if found else self._present(self.outbox / "model.enc", "the server makes it with Server.train")
        weights, intercept, _ = self._run(_core.decrypt_model, self._plan, self._secret, path, self._passphrase)
        return LinearModel(kind, weights, intercept, self._columns.fixed or [])

    def decrypt_predictions(self, name: str = "") -> NDArray[np.float64]:
        """Predictions, for the owner's eyes: probabilities of a logistic model, values of a linear one, each within
        Plan.error_bound of what the same model gives in the clear."""
        kind = Plan.load(self._plan).request["model"]
        path = self._present(self.outbox / _with_name("predictions", name, ".enc"),
                             "the server makes it with Server.predict")
        margins, _ = self._run(_core.decrypt_predictions, self._plan, self._secret, path, self._passphrase)
        return LinearModel(kind, np.ones(1)).of_margins(margins)
