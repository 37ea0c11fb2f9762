"""What TenSEAL refuses, ours refuses alike; and where it is wrong, ours is right."""

from collections.abc import Callable
from typing import Any

import cloister
import cloister.compat.tenseal as ours
import numpy as np
import pytest
import tenseal as peer
from cloister.compat.tenseal._errors import as_tenseal
from tenseal_pair import Side, opened, outcome, sides

Program = Callable[[Side], Any]


def _context(*args: Any, **kwargs: Any) -> Program:
    return lambda s: s.ts.context(s.ts.SCHEME_TYPE.CKKS, *args, **kwargs)


V = [1.0, 2.0, 3.0]
REFUSED: dict[str, Program] = {
    "no scheme": lambda s: s.ts.context(),
    "scheme of no kind": lambda s: s.ts.context(s.ts.SCHEME_TYPE.NONE),
    "BFV without its modulus": lambda s: s.ts.context(s.ts.SCHEME_TYPE.BFV, 4096),
    "a degree that is no power of two": _context(8191, coeff_mod_bit_sizes=[60, 40, 60]),
    "too many bits": _context(8192, coeff_mod_bit_sizes=[60, 60, 60, 60]),
    "one bit too many": _context(8192, coeff_mod_bit_sizes=[60, 50, 49, 60]),
    "a prime of 61 bits": _context(8192, coeff_mod_bit_sizes=[61, 40, 60]),
    "a prime of 1 bit": _context(8192, coeff_mod_bit_sizes=[1, 60]),
    "a prime of 10 bits": _context(8192, coeff_mod_bit_sizes=[10, 20, 20]),
    "one prime": _context(8192, coeff_mod_bit_sizes=[60]),
    "a degree too large": _context(65536, coeff_mod_bit_sizes=[60, 40, 60]),
    "a standard list for no standard degree": _context(512),
    "a standard list for degree 0": _context(0),
    "a degree above SEAL's": _context(1 << 40, coeff_mod_bit_sizes=[60, 40, 60]),
    "no degree": _context(coeff_mod_bit_sizes=[60, 40, 60]),
    "bits that are no integers": _context(8192, coeff_mod_bit_sizes=[60.0, 40.0, 60.0]),
    "sizes that differ, clear": lambda s: s.vector(V) + [1, 2],
    "sizes that differ, clear product": lambda s: s.vector(V) * [1, 2],
    "sizes that differ, encrypted": lambda s: s.vector(V) + s.vector([1, 2]),
    "sizes that differ, dot": lambda s: s.vector(V).dot([1, 2]),
    "a matrix for a vector": lambda s: s.vector(V) + [[1, 2, 3]],
    "a text": lambda s: s.vector(V) + "a",
    "nothing": lambda s: s.vector(V) + None,
    "a matrix of another size": lambda s: s.vector(V).mm([[1, 2], [3, 4]]),
    "a vector for a matrix": lambda s: s.vector(V).mm([1, 2, 3]),
    "a negative power": lambda s: s.vector(V) ** -1,
    "half a power": lambda s: s.vector(V) ** 0.5,
    "a product too many": lambda s: s.vector(V) ** 5,
    "a square too many": lambda s: s.vector(V).square().square().square(),
    "a clear product too many": lambda s: s.vector(V) * 2 * 2 * 2,
    "a polynomial of no coefficients": lambda s: s.vector(V).polyval([]),
    "a polynomial too deep": lambda s: s.vector(V).polyval([1.0] * 8),
    "a polynomial of one number": lambda s: s.vector(V).polyval(3),
    "a polynomial of letters": lambda s: s.vector(V).polyval("abc"),
    "a polynomial of texts": lambda s: s.vector(V).polyval(["1"]),
    "a polynomial of lists": lambda s: s.vector(V).polyval([[1, 2]]),
    "a polynomial of names": lambda s: s.vector(V).polyval({1: 2}),
    "a number above all floats, added": lambda s: s.vector(V) + 10**400,
    "a number above all floats, subtracted": lambda s: s.vector(V) - 10**400,
    "a number above all floats, multiplied": lambda s: s.vector(V) * 10**400,
    "a scale above all floats": lambda s: s.ts.ckks_vector(s.context, V, 10**400),
    "a scale that is a text": lambda s: s.ts.ckks_tensor(s.context, V, "a"),
    "a global scale that is a text": lambda s: setattr(s.context.copy(), "global_scale", "a"),
    "a global scale above all floats": lambda s: setattr(s.context.copy(), "global_scale", 10**400),
    "an empty vector": lambda s: s.vector([]),
    "a vector of two dimensions": lambda s: s.vector([[1]]),
    "a vector of letters": lambda s: s.vector("abc"),
    "a number for a vector": lambda s: s.vector(3),
    "a ragged vector": lambda s: s.vector([[1, 2], [3]]),
    "no context": lambda s: s.ts.ckks_vector(3, V),
    "values too large": lambda s: s.vector([2.0**101]),
    "elements too large": lambda s: s.tensor([2.0**101]),
    "a scale of 0": lambda s: s.ts.ckks_vector(s.context, V, 0),
    "a scale too large": lambda s: s.ts.ckks_vector(s.context, V, 2**150),
    "packing other sizes": lambda s: s.ts.CKKSVector.pack_vectors([s.vector(V), s.vector([1])]),
    "packing numbers": lambda s: s.ts.CKKSVector.pack_vectors([s.vector(V), 3]),
    "packing too much": lambda s: s.ts.CKKSVector.pack_vectors([s.vector([1] * 3000)] * 2),
    "loading no bytes": lambda s: s.ts.ckks_vector_from(s.context, "abc"),
    "loading other bytes": lambda s: s.ts.ckks_vector_from(s.context, b"abc"),
    "loading without a context": lambda s: s.ts.ckks_vector_from(None, b"abc"),
    "a lazy vector": lambda s: s.ts.lazy_ckks_vector_from(s.vector(V).serialize()) + s.vector(V),
    "a lazy vector's numbers": lambda s: s.ts.lazy_ckks_vector_from(s.vector(V).serialize()).decrypt(),
    "a context of other bytes": lambda s: s.ts.context_from(b"abc"),
    "a context of no bytes": lambda s: s.ts.context_from(b""),
    "a context cut short": lambda s: s.ts.context_from(s.context.serialize()[:-100]),
    "another kind of key": lambda s: s.vector(V).decrypt(3),
    "a kernel of another size": lambda s: _image(s).conv2d_im2col([[1, 2, 3], [3, 4, 5]], 9),
    "another number of windows": lambda s: _image(s).conv2d_im2col([[1, 2], [3, 4]], 3),
    "no windows": lambda s: _image(s).conv2d_im2col([[1, 2], [3, 4]], 0),
    "an image of one dimension": lambda s: s.ts.im2col_encoding(s.context, [1, 2], 1, 1, 1),
    "an image without a context": lambda s: s.ts.im2col_encoding(3, [[1]], 1, 1, 1),
    "shapes that do not fit": lambda s: s.tensor([[1, 2, 3]] * 2) + [1, 2],
    "an axis that is not there": lambda s: s.tensor([[1, 2, 3]] * 2).sum(2),
    "a negative axis": lambda s: s.tensor([[1, 2, 3]] * 2).sum(-1),
    "matrices that do not fit": lambda s: s.tensor([[1, 2, 3]] * 2).mm([[1, 2]]),
    "a number for a matrix": lambda s: s.tensor([[1, 2, 3]] * 2).mm(2),
    "a vector's matrix product": lambda s: s.tensor([1, 2]).mm([[1, 2], [3, 4]]),
    "a dot product of other sizes": lambda s: s.tensor([1, 2, 3]).dot([1, 2]),
    "a matrix's dot product of other sizes": lambda s: s.tensor([[1, 2, 3]] * 2).dot([1, 2]),
    "a matrix's dot product with one number": lambda s: s.tensor([[1, 2, 3]] * 2).dot(s.tensor([1])),
    "a vector's dot product with a matrix of other sizes": lambda s: s.tensor([1, 2]).dot([[1, 2]]),
    "a batch's dot product with a matrix of other sizes": lambda s: s.tensor([[1], [2]], True).dot([[1, 2], [3, 4]]),
    "a batch's dot product of other sizes": lambda s: s.tensor([[[1, 2], [3, 4]]], True).dot([1]),
    "too many dimensions": lambda s: s.tensor(np.ones((2, 2, 2))).dot(np.ones((2, 2))),
    "another count of elements": lambda s: s.tensor([[1, 2, 3]] * 2).reshape([4, 2]),
    "no dimensions for two elements": lambda s: s.tensor([1, 2]).reshape([]),
    "a smaller shape": lambda s: s.tensor([[1, 2, 3]] * 2).broadcast([3]),
    "no batch": lambda s: s.tensor([[1, 2, 3]] * 2).sum_batch(),
    "a batch too large": lambda s: s.tensor(np.ones(5000), batch=True),
    "a tensor of no dimensions": lambda s: s.tensor(3),
    "a vector and a tensor": lambda s: s.vector([1, 2]) + s.tensor([1, 2]),
    "another type of numbers": lambda s: s.ts.plain_tensor([1], dtype="x"),
    "a ragged tensor": lambda s: s.ts.plain_tensor([[1], [1, 2]]),
    "a shape of another size": lambda s: s.ts.plain_tensor([1, 2, 3], shape=[2, 2]),
    "a shape of another size, given": lambda s: s.ts.plain_tensor([1, 2, 3]).reshape([2, 2]),
    "a shape of another size, in place": lambda s: s.ts.plain_tensor([1, 2, 3]).reshape_([2, 2]),
    "an index too short": lambda s: s.ts.plain_tensor([[1, 2]]).at([0]),
    "an index outside": lambda s: s.ts.plain_tensor([[1, 2]]).at([3, 3]),
    "a batch of no dimension": lambda s: s.ts.plain_tensor([[1, 2]]).batch(2),
}
#: Where TenSEAL's words are of its binding or of Eigen, ours are others.
OTHER_WORDS = ("incompatible function arguments", "incompatible constructor arguments")


def _image(side: Side) -> Any:
    return side.ts.im2col_encoding(side.context, np.arange(16.0).reshape(4, 4).tolist(), 2, 2, 1)[0]


@pytest.mark.parametrize("name", REFUSED)
def test_refused_alike(name: str) -> None:
    (mine, a), (theirs, b) = (outcome(REFUSED[name], side) for side in sides())
    assert mine == theirs == "raises", (a, b)
    assert isinstance(a, type(b)), (a, b)
    if not any(words in str(b) for words in OTHER_WORDS) and "tenseal." not in str(b):
        assert str(a) == str(b)


def test_keys_that_are_missing_are_named_alike() -> None:
    public = []
    for side in sides():
        bare = side.ts.context_from(side.context.serialize(save_galois_keys=False, save_relin_keys=False))
        public.append(Side(side.ts, bare))
    programs: list[Program] = [
        lambda s: s.vector(V) * s.vector(V),
        lambda s: s.vector(V).square(),
        lambda s: s.vector(V).sum(),
        lambda s: s.vector(V).dot(V),
        lambda s: s.vector(V).mm(np.eye(3)),
        lambda s: s.vector(V).decrypt(),
        lambda s: s.context.secret_key(),
        lambda s: s.context.galois_keys(),
        lambda s: s.context.relin_keys(),
        lambda s: s.context.generate_galois_keys(),
        lambda s: s.context.generate_galois_keys(3),
        lambda s: s.context.decryptor(),
    ]
    for program in programs:
        (mine, a), (theirs, b) = (outcome(program, side) for side in public)
        assert mine == theirs == "raises"
        assert type(a) is type(b)
        if "tenseal." not in str(b):
            assert str(a) == str(b)


def test_symmetric_contexts_refuse_alike() -> None:
    made = []
    for ts in (ours, peer):
        kind = ts.ENCRYPTION_TYPE.SYMMETRIC
        context = ts.context(ts.SCHEME_TYPE.CKKS, 8192, coeff_mod_bit_sizes=[60, 40, 60], encryption_type=kind)
        made.append(Side(ts, context))
    for name in ("has_public_key", "public_key", "make_context_public"):
        (_, a), (_, b) = (outcome(lambda s: getattr(s.context, name)(), side) for side in made)
        assert type(a) is type(b) is ValueError
        assert str(a) == str(b)
    (_, a), (_, b) = (outcome(lambda s: s.context.global_scale, side) for side in made)
    assert str(a) == str(b) == "no global scale"


def test_vectors_of_other_parameters_do_not_add() -> None:
    small = ours.context(ours.SCHEME_TYPE.CKKS, 4096, coeff_mod_bit_sizes=[40, 20, 40])
    small.global_scale = 2.0**20
    mine, _ = sides()
    with pytest.raises(ValueError, match="can't add vectors that have different contexts"):
        ours.ckks_vector(small, V) + mine.vector(V)
    with pytest.raises(RuntimeError, match="ciphertext data is invalid"):
        ours.ckks_vector_from(small, mine.vector(V).serialize())
    for tensor in (mine.vector(V), mine.tensor(V)):
        # TenSEAL: as soon as it is computed with.
        with pytest.raises(ValueError, match="encrypted is not valid for encryption parameters"):
            tensor.link_context(small)
        assert np.allclose(opened(tensor), V, atol=1e-6)


@pytest.mark.parametrize("degree, sizes", [(4096, [40, 20, 40]), (8192, [50, 40, 60]), (16384, [60, 40, 40, 60])])
def test_keys_of_other_parameters_are_refused(degree: int, sizes: list[int]) -> None:
    for side in sides():
        other = side.ts.context(side.ts.SCHEME_TYPE.CKKS, degree, coeff_mod_bit_sizes=sizes, n_threads=1)
        key, context = other.secret_key(), side.context.copy()
        integers = side.ts.context(side.ts.SCHEME_TYPE.BFV, 4096, 1032193, n_threads=1)
        for use in (context.generate_galois_keys, context.generate_relin_keys, side.vector(V).decrypt,
                    integers.generate_galois_keys, integers.generate_relin_keys):
            with pytest.raises(ValueError, match="secret key is not valid"):
                use(key)
    assert sides()[0].vector(V).sum().decrypt() == pytest.approx([6], abs=1e-6)


def test_errors_of_the_engine_are_said_as_tenseal_says_them() -> None:
    words: list[tuple[cloister.Error, str]] = [
        (cloister.MismatchError("decrypt: the secret key is of other parameters"), "secret key is not valid for"),
        (cloister.MismatchError("the ciphertext is of other parameters"), "encrypted is not valid for"),
        (cloister.OutOfRangeError("multiply: level is 0"), "scale out of bounds"),
        (cloister.OutOfRangeError("encode: values of this size wrap around"), "encoded values are too large"),
        (cloister.OutOfRangeError("multiply: 3 bits of noise are missing"), "3 bits of noise"),
        (cloister.InternalError("a defect"), "a defect"),
    ]
    for error, said in words:
        with pytest.raises(ValueError, match=said) as caught, as_tenseal():
            raise error
        assert not isinstance(caught.value, cloister.Error)



def test_what_tenseal_gets_wrong() -> None:
    mine, _ = sides()
    v = mine.vector(V)
    # An AttributeError of its own.
    assert v.scale() == 2.0**40
    assert mine.tensor([[1, 2], [3, 4]])[0, 1].decrypt().raw == pytest.approx([2.0], abs=1e-6)
    # "result ciphertext is transparent".
    assert (v - v).decrypt() == pytest.approx([0, 0, 0], abs=1e-6)
    # "vector::reserve".
    assert v.polyval([5]).decrypt() == pytest.approx([5, 5, 5], abs=1e-6)
    # An operand that loses its levels to another's.
    _ = (v * v) * v
    assert v.square().square().decrypt() == pytest.approx([1, 16, 81], abs=1e-4)
    # Noise, where a factor is too large.
    for tensor in (v, mine.tensor(V)):
        with pytest.raises(ValueError, match="encoded values are too large"):
            tensor * 1e300
    # The end of the process, as with indices outside.
    cube = mine.tensor(np.arange(24.0).reshape(2, 3, 4))
    assert [part.shape for part in cube] == [[1, 3, 4]] * 2
    for outside in (2, -3, (0, 3), (0, 0, 0, 0)):
        with pytest.raises(IndexError, match="ind"):
            cube[outside]
    assert cube[-1, -3].shape == [1, 1, 4]
    assert mine.tensor([[1, 2], [3, 4]])[0:9].shape == [2, 2]
    with pytest.raises(ValueError, match="empty"):
        mine.tensor([])
    with pytest.raises(ValueError, match="no vectors"):
        ours.CKKSVector.pack_vectors([])
    with pytest.raises(ValueError, match="failed to parse CKKS tensor stream"):
        ours.ckks_tensor_from(mine.context, v.serialize())
    # Numbers that are not finite, which it encrypts to anything.
    with pytest.raises(ValueError, match="finite"):
        mine.vector([float("nan")])


def test_parameters_above_todays_table_warn() -> None:
    with pytest.warns(UserWarning, match=r"log2\(QP\) = 21[4-8].*218.*214"):
        context = ours.context(ours.SCHEME_TYPE.CKKS, 8192, coeff_mod_bit_sizes=[60, 49, 49, 60])
    context.global_scale = 2.0**40
    assert (ours.ckks_vector(context, V) * 2).decrypt() == pytest.approx([2, 4, 6], abs=1e-6)
