"""Tensors, convolutions and encrypted matrices, by TenSEAL and by ours, against exact arithmetic."""

import cloister.compat.tenseal as ours
import numpy as np
import pytest
from tenseal_pair import agree, sides


@pytest.mark.parametrize("shape", [(2, 3), (4,), (2, 2, 2), (1, 5)])
@pytest.mark.parametrize("batch", [False, True])
def test_tensors_agree(shape: tuple[int, ...], batch: bool) -> None:
    random = np.random.default_rng(len(shape))
    x, y = random.uniform(-1, 1, (2, *shape))
    number = 1.5
    programs = {
        "add": (lambda a, b: a + b, x + y),
        "sub": (lambda a, b: a - b, x - y),
        "mul": (lambda a, b: a * b, x * y),
        "radd": (lambda a, b: number + a, number + x),
        "rsub": (lambda a, b: number - a, number - x),
        "number": (lambda a, b: a * number, x * number),
        "square": (lambda a, b: a.square(), x * x),
        "pow": (lambda a, b: a**3, x**3),
        "polyval": (lambda a, b: a.polyval([1, -1, 0.5]), 1 - x + 0.5 * x * x),
        "neg": (lambda a, b: -a, -x),
        "sum": (lambda a, b: a.sum(0), x.sum(0)),
        "last": (lambda a, b: a.sum(len(shape) - 1), x.sum(-1)),
        "both": (lambda a, b: (a * b + a).sum(0) * number, (x * y + x).sum(0) * number),
    }
    for program, exact in programs.values():
        results = [program(side.tensor(x, batch), side.tensor(y, batch)) for side in sides()]
        agree(*results, np.array(exact))


def test_tensor_algebra_agrees() -> None:
    random = np.random.default_rng(7)
    a, b, v = random.uniform(-1, 1, (2, 3)), random.uniform(-1, 1, (3, 4)), random.uniform(-1, 1, 3)
    programs = [
        (lambda s: s.tensor(a) @ s.tensor(b), a @ b),
        (lambda s: s.tensor(a).mm(b), a @ b),
        (lambda s: s.tensor(a).mm(np.zeros((3, 2))), np.zeros((2, 2))),
        (lambda s: s.tensor(a).dot(v), a @ v),
        (lambda s: s.tensor(v).dot(b), v @ b),
        (lambda s: s.tensor(v).dot(s.tensor(v)), np.array(v @ v)),
        (lambda s: s.tensor(a) * v, a * v),
        (lambda s: s.tensor(v) + a.tolist(), v + a),
        (lambda s: s.tensor(a).transpose(), a.T),
        (lambda s: s.tensor(a).reshape([3, 2]), a.reshape(3, 2)),
        (lambda s: s.tensor(v).broadcast([2, 3]), np.broadcast_to(v, (2, 3))),
        (lambda s: s.tensor(b)[1:3, :2], b[1:3, :2]),
        (lambda s: s.tensor(a)[1], a[1:2]),
        (lambda s: s.tensor(a, batch=True).sum_batch(), a.sum(0)),
        (lambda s: s.tensor(a, batch=True) * v, a * v),
        (lambda s: s.tensor(a, batch=True).dot(v), (a * v).sum(0)),
        (lambda s: s.tensor(a, batch=True).reshape([3, 1]), a.reshape(2, 3, 1)),
    ]
    for program, exact in programs:
        agree(*(program(side) for side in sides()), np.array(exact))


@pytest.mark.parametrize(("image", "kernel", "stride"), [((4, 4), (2, 2), 1), ((6, 7), (3, 3), 2)])
def test_convolutions_agree(image: tuple[int, int], kernel: tuple[int, int], stride: int) -> None:
    random = np.random.default_rng(image[0])
    pixels, weights = random.uniform(0, 1, image), random.uniform(-1, 1, kernel)
    views = np.lib.stride_tricks.sliding_window_view(pixels, kernel)[::stride, ::stride]
    exact = np.einsum("ijkl,kl->ij", views, weights).ravel()
    encoded = [s.ts.im2col_encoding(s.context, pixels.tolist(), *kernel, stride) for s in sides()]
    assert encoded[0][1] == encoded[1][1] == exact.size
    (mine, _), (theirs, _) = encoded
    padded = np.zeros((1 << (weights.size - 1).bit_length(), exact.size))
    padded[: weights.size] = views.reshape(-1, weights.size).T
    agree(mine, theirs, padded.ravel())
    agree(*(v.conv2d_im2col(weights.tolist(), n) for v, n in encoded), exact)
    both = [s.ts.CKKSVector.pack_vectors([v.conv2d_im2col(weights.tolist(), n)] * 2)
            for s, (v, n) in zip(sides(), encoded, strict=True)]
    agree(*both, np.concatenate([exact, exact]))


def test_encrypted_matrices_agree() -> None:
    random = np.random.default_rng(3)
    matrix, vector = random.uniform(-1, 1, (5, 7)), random.uniform(-1, 1, 7)
    encoded = [s.ts.enc_matmul_encoding(s.context, matrix.tolist()) for s in sides()]
    agree(*(e.enc_matmul_plain(vector.tolist(), 5) for e in encoded), matrix @ vector)


def test_kernels_need_not_be_square() -> None:
    # TenSEAL takes a kernel's rows for its columns.
    mine, _ = sides()
    random = np.random.default_rng(5)
    pixels, weights = random.uniform(0, 1, (5, 3)), random.uniform(-1, 1, (3, 2))
    encoded, windows = ours.im2col_encoding(mine.context, pixels.tolist(), 3, 2, 1)
    views = np.lib.stride_tricks.sliding_window_view(pixels, (3, 2))
    exact = np.einsum("ijkl,kl->ij", views, weights).ravel()
    assert windows == exact.size
    assert encoded.conv2d_im2col(weights.tolist(), windows).decrypt() == pytest.approx(exact.tolist(), abs=1e-6)


def test_images_in_vectors_of_their_own_are_convolved() -> None:
    # As im2col_encoding lays an image out, but encrypted as any vector: its groups are moved apart.
    mine, _ = sides()
    random = np.random.default_rng(6)
    columns, weights = random.uniform(-1, 1, (4, 5)), random.uniform(-1, 1, 4)
    vector = mine.vector(columns.ravel().tolist())
    exact = weights @ columns
    assert vector.enc_matmul_plain(weights.tolist(), 5).decrypt() == pytest.approx(exact.tolist(), abs=1e-6)
    encoded = ours.enc_matmul_encoding(mine.context, columns.T.tolist())
    total = (encoded + vector).decrypt()
    assert total == pytest.approx((2 * columns.ravel()).tolist(), abs=1e-6)
