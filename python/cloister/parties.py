"""The parties: an owner, who holds data and the secret key, and a server, which holds neither.

Both work in folders whose files are the command line's, so that one party may use it and the other Python. What is in
the server's folder may leave the owner; nothing in the owner's folder but the plan does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cloister import _core
from cloister.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError
from cloister.model import LinearModel
from cloister.plan import Plan
from cloister.progress import ProgressCallback, shown

PathLike = str | os.PathLike[str]
Progress = bool | ProgressCallback | None


def _with_name(stem: str, name: str, suffix: str) -> str:
    return f"{stem}-{name}{suffix}" if name else f"{stem}{suffix}"


def _matrix(features: ArrayLike) -> NDArray[np.float64]:
    out = np.ascontiguousarray(features, dtype=np.float64)
    if out.ndim != 2:
        raise InvalidArgumentError(f"features have {out.ndim} dimensions; give [rows][features]")
    return out


def _vector(target: ArrayLike) -> NDArray[np.float64]:
    return np.ascontiguousarray(target, dtype=np.float64).reshape(-1)


class _Columns:
    """The names of an owner's columns, in a file of its folder, as soon as a frame with names was encrypted."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def names(self) -> list[str]:
        """None where no frame had any."""
        return list(json.loads(self._path.read_text(encoding="utf-8"))) if self._path.exists() else []

    def matrix(self, features: Any) -> NDArray[np.float64]:
        """A frame's columns in the order of the first one's. Raises InvalidArgumentError where they are others."""
        if not hasattr(features, "columns"):
            return _matrix(features)
        given, known = [str(name) for name in features.columns], self.names
        if not known:
            self._path.write_text(json.dumps(given), encoding="utf-8")
        elif sorted(given) != sorted(known):
            other = sorted(set(given) ^ set(known)) or given
            raise InvalidArgumentError(f"the frame's columns are not those of before; they differ in {', '.join(other)}")
        else:
            features = features.iloc[:, [given.index(name) for name in known]]
        return _matrix(features)


class _Party:
    """A folder, and how its steps run."""

    def __init__(self, folder: PathLike, threads: int, progress: Progress) -> None:
        self.folder = Path(folder)
        self.threads = threads  #: 0 stands for all of the machine's
        self.progress = progress
        self.folder.mkdir(parents=True, exist_ok=True)

    def _present(self, path: Path, mend: str) -> Path:
        if not path.exists():
            raise NotFoundError(f"{path} is not there; {mend}")
        return path

    def _run(self, step: Any, *arguments: Any) -> Any:
        with shown(self.progress) as told:
            return step(*arguments, self.threads, told)

    def __repr__(self) -> str:
        files = ", ".join(sorted(p.name for p in self.folder.iterdir())) or "nothing yet"
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
        found = [p for p in (self.folder / "evaluation.keys", self.folder / "public.key") if p.exists()]
        return found[0] if found else self._present(self.folder / "public.key", "the owner makes it with Owner.keygen")

    def train(self) -> Path:
        """Trains on the encrypted rows, without the owner's help; goes on from the last checkpoint where there is one.

        Returns the encrypted model's file, which the owner reads. Cost: Plan.estimates.
        """
        model = self.folder / "model.enc"
        rows = self._present(self.folder / "train.enc", "the owner makes it with Owner.encrypt_training")
        self._run(_core.train, self._plan, self._keys, rows, model, self.folder / "training.checkpoints")
        return model

    def predict(self, name: str = "", model: LinearModel | None = None) -> Path:
        """Predicts on encrypted rows: with the encrypted model, or, where the plan's job is to predict, with a clear
        one of the server's own, over the columns as they were encrypted.

        Returns the file of encrypted margins, which the owner reads.
        """
        rows = self._present(self.folder / _with_name("rows", name, ".enc"), "the owner makes it with Owner.encrypt")
        path = self.folder / "model.enc"
        if model is not None:
            path = self.folder / "model.json"
            if not path.exists():
                model.save(path)
            elif not np.array_equal(LinearModel.load(path).weights, model.weights):
                raise AlreadyExistsError(f"{path} is another model; remove it, or use a folder for each")
        elif (self.folder / "model.json").exists():
            path = self.folder / "model.json"
        self._present(path, "train one, or pass a clear model")
        out = self.folder / _with_name("predictions", name, ".enc")
        self._run(_core.predict, self._plan, self._keys, rows, path, out)
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

    Features are arrays or pandas' frames. The first frame's column names stay in the folder: models have them, and
    later frames are brought to their order, or refused where they have other columns.
    """

    def __init__(self, folder: PathLike = "owner", server: PathLike = "server", *, passphrase: str | None = None,
                 unprotected: bool = False, threads: int = 0, progress: Progress = None) -> None:
        if passphrase is None and not unprotected:
            raise InvalidArgumentError("give a passphrase for the secret key, or unprotected=True to do without")
        super().__init__(folder, threads, progress)
        self.folder.chmod(0o700)
        self.outbox = Path(server)  #: the server's folder, or a copy of it that travels
        self.outbox.mkdir(parents=True, exist_ok=True)
        self._passphrase = passphrase
        self._columns = _Columns(self.folder / "features.json")

    def __getstate__(self) -> dict[str, Any]:
        """Without the passphrase: an owner that was pickled cannot open a sealed key. Make a new one for its folder."""
        return {**self.__dict__, "_passphrase": None}

    @property
    def _plan(self) -> Path:
        return self._present(self.folder / "plan.json", "make it with Owner.plan")

    @property
    def _secret(self) -> Path:
        return self._present(self.folder / "secret.key", "make it with Owner.keygen")

    def plan(self, plan: Plan | None = None, **request: Any) -> Plan:
        """Makes a plan (`Plan.make`), or takes one, and leaves it for both parties."""
        made = Plan.make(progress=self.progress, **request) if plan is None else plan
        made.save(self.folder / "plan.json")
        made.save(self.outbox / "plan.json")
        return made

    def keygen(self) -> None:
        """Makes the secret key, and the keys that the server needs."""
        scheme = Plan.load(self._plan).request["scheme"]
        public = self.outbox / ("evaluation.keys" if scheme == "ckks" else "public.key")
        self._run(_core.generate_keys, self._plan, self.folder / "secret.key", public, self._passphrase)

    def encrypt_training(self, features: ArrayLike, target: ArrayLike) -> Path:
        """Encrypts rows to train on: features `[rows][features]` within the plan's bound, standardized as it assumes;
        labels 0 and 1 of a logistic model, standardized values of a linear one."""
        out = self.outbox / "train.enc"
        self._run(_core.encrypt_training_rows, self._plan, self._secret, out, self._columns.matrix(features),
                  _vector(target), self._passphrase)
        return out

    def encrypt(self, features: ArrayLike, name: str = "") -> Path:
        """Encrypts rows to predict. `name` tells several sets apart."""
        out = self.outbox / _with_name("rows", name, ".enc")
        self._run(_core.encrypt_rows, self._plan, self.outbox / "public.key", self._secret, out,
                  self._columns.matrix(features), self._passphrase)
        return out

    def encrypt_sums(self, features: ArrayLike, target: ArrayLike, part: str) -> Path:
        """Encrypts this owner's part of a joint regression. It takes the plan and the public key alone, so further
        owners, who have no secret key, do the same."""
        out = self.outbox / _with_name("sums", part, ".enc")
        self._run(_core.encrypt_sums, self._plan, self.outbox / "public.key", out, self._columns.matrix(features),
                  _vector(target))
        return out

    def decrypt_model(self) -> LinearModel:
        """The trained model, or that of all owners' sums, for the owner's eyes."""
        kind = Plan.load(self._plan).request["model"]
        found = [p for p in (self.outbox / "model.enc", self.outbox / "sums.enc") if p.exists()]
        path = found[0] if found else self._present(self.outbox / "model.enc", "the server makes it with Server.train")
        weights, intercept, _ = self._run(_core.decrypt_model, self._plan, self._secret, path, self._passphrase)
        return LinearModel(kind, weights, intercept, self._columns.names)

    def decrypt_predictions(self, name: str = "") -> NDArray[np.float64]:
        """Predictions, for the owner's eyes: probabilities of a logistic model, values of a linear one, each within
        Plan.error_bound of what the same model gives in the clear."""
        kind = Plan.load(self._plan).request["model"]
        path = self._present(self.outbox / _with_name("predictions", name, ".enc"),
                             "the server makes it with Server.predict")
        margins, _ = self._run(_core.decrypt_predictions, self._plan, self._secret, path, self._passphrase)
        return LinearModel(kind, np.ones(1)).of_margins(margins)
