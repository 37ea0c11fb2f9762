"""What encrypted vectors share: many numbers a ciphertext."""

from typing import Any, Self

import numpy as np

import cloister.compat.tenseal.enc_context as enc_context
from cloister.compat.tenseal._context_data import ContextData
from cloister.compat.tenseal._errors import as_tenseal
from cloister.compat.tenseal.tensors._layout import Layout, power_of_two
from cloister.compat.tenseal.tensors.abstract_tensor import AbstractTensor, checked_axis, is_number
from cloister.compat.tenseal.tensors.plaintensor import PlainTensor

_MOST_NUMBERS = 1 << 28


class PackedVector(AbstractTensor):
    """A vector of numbers, encrypted under a context's key."""

    _layout: Layout
    #: Whether the slots that fill the layout up may hold anything: after a number was added to every slot.
    _spilt: bool = False

    def _encrypt_vector(self, context: Any, vector: Any, scale: float | None = None) -> None:
        """What constructors do."""
        if not isinstance(context, enc_context.Context):
            raise TypeError("context must be a tenseal.Context")
        plain = vector if isinstance(vector, PlainTensor) else PlainTensor(vector, dtype=self._dtype)
        if len(plain.shape) != 1:
            raise ValueError("can only encrypt a vector")
        values = plain.data
        if values.size == 0:
            raise ValueError("Attempting to encrypt an empty vector")
        self._encrypt(context.data, values, Layout.of(values.size, context.data.engine.slots), scale)

    def _encrypt(self, context: ContextData, values: np.ndarray, layout: Layout, scale: float | None = None) -> Self:
        self._context = context
        self._scale = self._checked_scale(context, scale)
        self._layout = layout
        with as_tenseal():
            table = layout.table(self._reduced(values))
            self._rows = context.engine.encrypt(context.encryption_key(), table)
        return self

    @classmethod
    def _encrypted(
        cls, context: ContextData, values: np.ndarray, layout: Layout, scale: float | None = None
    ) -> Self:
        return object.__new__(cls)._encrypt(context, values, layout, scale)

    def size(self) -> int:
        """Of how many numbers it is."""
        return 0 if self._unparsed is not None else self._layout.size

    @property
    def shape(self) -> list[int]:
        """[size]."""
        return [self.size()]

    def decrypt(self, secret_key: "enc_context.SecretKey | None" = None) -> list[Any]:
        """The numbers: with the context's secret key, or the one that is given. For the key's owner alone."""
        self._need_context()
        return self._layout.values(self._slots(secret_key, self._layout.period)).tolist()

    def _header(self) -> dict[str, Any]:
        return {"groups": self._layout.groups, "width": self._layout.width, "spilt": self._spilt}

    def _take_header(self, fields: dict[str, Any], context: ContextData) -> int:
        groups, width = fields["groups"], fields["width"]
        if type(groups) is not int or type(width) is not int or not 1 <= groups * width <= _MOST_NUMBERS:
            raise ValueError("sizes out of range")
        layout = Layout(groups, width, context.engine.slots)
        if groups < 1 or groups & (groups - 1) or (groups > 1 and power_of_two(groups) * layout.stride > layout.slots):
            raise ValueError("sizes out of range")
        self._layout, self._spilt = layout, bool(fields["spilt"])
        return layout.rows

    @property
    def _level(self) -> int:
        """Multiplications that are left."""
        return self._rows.level

    def _checked_scale(self, context: ContextData, scale: float | None) -> float | None:
        return context.checked_scale(scale)

    def _reduced(self, values: np.ndarray) -> np.ndarray:
        """As the engine takes clear numbers of any size."""
        return self._numbers(values)

    def _is_single(self) -> bool:
        return self._layout.size == 1

    def _operand(self, other: Any, verb: str) -> np.ndarray:
        """The numbers of a clear vector of the same size."""
        numbers = self._plain(other)
        if numbers.ndim != 1:
            raise ValueError("can only operate with a vector")
        self._need_context()
        if numbers.size != self._layout.size:
            raise ValueError(f"can't {verb} vectors of different sizes")
        return self._layout.table(self._reduced(numbers))

    def _pair(self, other: Self, verb: str) -> tuple[Self, Self]:
        """Both with one layout, but for one of a single number, which lies in every slot."""
        self._need_same_engine(other, verb)
        if self._is_single() or other._is_single() or self._layout == other._layout:
            return self, other
        if self._layout.size != other._layout.size:
            raise ValueError("can't compute on vectors of different sizes")
        return self._flat(), other._flat()

    def _flat(self) -> Self:
        """The same numbers one after another. Where they lie otherwise, one level and Galois keys."""
        context, layout = self._need_context(), self._layout
        if layout.groups == 1:
            return self
        flat = Layout(1, layout.size, layout.slots)
        masks = np.zeros((layout.groups, flat.period))
        for group, mask in enumerate(masks):
            mask[group * layout.width : (group + 1) * layout.width] = 1
        steps = [group * (layout.stride - layout.width) for group in range(layout.groups)]
        with as_tenseal():
            copies = self._rows.take([0] * layout.groups)
            made = self._with_rows(context.engine.gather(copies, steps, masks, context.need_galois()))
        made._layout, made._spilt = flat, False
        return made

    def _spread(self, level: int, layout: Layout) -> Self:
        """A single number for vectors of a layout that are at a level: cut to the layout where a level is left for
        that."""
        if layout.is_full or self._level <= level:
            return self
        ones = layout.table(self._numbers(np.ones(layout.size)))
        with as_tenseal():
            made = self._with_rows(self._need_context().engine.multiply_values(self._rows, ones))
        made._layout = layout
        return made

    def _linear(self, other: Any, verb: str) -> Self:
        engine = self._need_context().engine
        apply = engine.add if verb == "add" else engine.sub
        if is_number(other):
            numbers = self._number(other)
            return self._add_numbers(numbers if verb == "add" else -numbers)
        if not isinstance(other, type(self)):
            table = self._operand(other, verb)
            with as_tenseal():
                rows = engine.add_values(self._rows, table if verb == "add" else -table)
            return self._with_rows(rows, keeps_scale=True)
        a, b = self._pair(other, verb)
        layout = b._layout if a._is_single() else a._layout
        a, b = a._spread(b._level, layout), b._spread(a._level, layout)
        with as_tenseal():
            made = a._with_rows(apply(a._rows, b._rows), keeps_scale=a._scale == b._scale)
        made._spilt = a._spilt or b._spilt or (a._layout != b._layout and not layout.is_full)
        made._layout = layout
        return made

    def _add_numbers(self, numbers: np.ndarray) -> Self:
        engine, layout = self._need_context().engine, self._layout
        with as_tenseal():
            if layout.is_full:
                rows = engine.add_numbers(self._rows, numbers)
            else:
                rows = engine.add_values(self._rows, layout.table(np.full(layout.size, numbers[0])))
        return self._with_rows(rows, keeps_scale=True)

    def _ones(self) -> Self:
        ones = self._numbers(np.ones(self._layout.size))
        return self._encrypted(self._need_context(), ones, self._layout, self._scale)

    def add(self, other: Any) -> Self:
        """The sum with a vector, clear numbers or one number. A vector of one number is added to each."""
        return self._linear(other, "add")

    def sub(self, other: Any) -> Self:
        """The difference, as `add`."""
        return self._linear(other, "sub")

    def mul(self, other: Any) -> Self:
        """The product, number by number, as `add`. One level."""
        context = self._need_context()
        engine = context.engine
        with as_tenseal():
            if is_number(other):
                return self._with_rows(engine.multiply_numbers(self._rows, self._number(other)))
            if not isinstance(other, type(self)):
                made = self._with_rows(engine.multiply_values(self._rows, self._operand(other, "multiply")))
                made._spilt = False
                return made
            a, b = self._pair(other, "multiply")
            keys = context.need_relinearization()
            made = a._with_rows(engine.multiply(a._rows, b._rows, keys))
        made._spilt = a._spilt and b._spilt if a._layout == b._layout else (b if a._is_single() else a)._spilt
        made._layout = b._layout if a._is_single() else a._layout
        return made

    def sum(self, axis: int = 0) -> Self:
        """The sum of all numbers, a vector of one. No level; Galois keys."""
        checked_axis(axis)
        context, layout = self._need_context(), self._layout
        keys = context.need_galois()
        if self._spilt:
            return self.mul(np.ones(layout.size)).sum()
        with as_tenseal():
            rows = context.engine.sum_slots(self._rows, 1, layout.period, keys)
            if layout.rows > 1:
                rows = context.engine.sum_rows(rows, layout.rows, 1)
        made = self._with_rows(rows, keeps_scale=True)
        made._layout = Layout(1, 1, layout.slots)
        return made

    def dot(self, other: Any) -> Self:
        """The sum of the products with a vector or clear numbers. One level; Galois keys."""
        if not isinstance(other, type(self)) and self._plain(other).ndim != 1:
            raise ValueError("can only operate with a vector")
        self._need_context().need_galois()
        return self.mul(other).sum()

    @classmethod
    def pack_vectors(cls, vectors: list[Self]) -> Self:
        """Vectors of one size, one after another. One level; Galois keys where sizes are no powers of two."""
        if any(not isinstance(vector, cls) for vector in vectors):
            raise TypeError(f"vectors to pack must be of type tenseal.{cls.__name__}")
        if not vectors:
            raise ValueError("there are no vectors to pack")
        first, context = vectors[0], vectors[0]._need_context()
        if any(vector.size() != first.size() for vector in vectors):
            raise ValueError("vectors sizes are different")
        for vector in vectors:
            first._need_same_engine(vector, "pack")
        size, slots = first.size(), context.engine.slots
        if size * len(vectors) > slots:
            raise ValueError("output size is bigger than slot count")
        flat = [vector._flat() for vector in vectors]
        layout, period = Layout(1, size * len(vectors), slots), flat[0]._layout.period
        masks = cls._numbers(np.zeros((len(flat), layout.period)))
        for i, mask in enumerate(masks):
            mask[i * size : (i + 1) * size] = 1
        steps = [-(i * size) % period for i in range(len(flat))]
        keys = context.need_galois() if any(steps) else context.galois
        with as_tenseal():
            joined = type(flat[0]._rows).join([vector._rows for vector in flat])
            made = first._with_rows(context.engine.gather(joined, steps, masks, keys))
        made._layout, made._spilt = layout, False
        return made

    def dot_(self, other: Any) -> Self:
        """`dot`, in place."""
        return self._become(self.dot(other))
