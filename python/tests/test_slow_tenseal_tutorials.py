"""Whole programs as TenSEAL's users write them, run by both libraries unchanged."""

from typing import Any

import numpy as np
from tenseal_pair import Side, agree, opened, sides

DEEP = (8192, (40, 21, 21, 21, 21, 21, 21, 40), 2.0**21)


def data(rows: int, features: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(11)
    x = random.normal(0, 1, (rows, features))
    weights = random.normal(0, 1, features)
    return x, (x @ weights + random.normal(0, 0.3, rows) > 0).astype(float)


class EncryptedLogisticRegression:
    """Gradient descent on encrypted rows, with the weights encrypted anew after every epoch."""

    def __init__(self, side: Side, features: int) -> None:
        self.side = side
        self.weight = side.vector([0.0] * features)
        self.bias = side.vector([0.0])
        self.start()

    def start(self) -> None:
        self.weight_step: Any = 0
        self.bias_step: Any = 0
        self.count = 0

    @staticmethod
    def sigmoid(x: Any) -> Any:
        return x.polyval([0.5, 0.197, 0, -0.004])

    def forward(self, x: Any) -> Any:
        return self.sigmoid(x.dot(self.weight) + self.bias)

    def backward(self, x: Any, out: Any, y: Any) -> None:
        off = out - y
        self.weight_step += x * off
        self.bias_step += off
        self.count += 1

    def update(self) -> None:
        self.weight -= self.weight_step * (1 / self.count) + self.weight * 0.05
        self.bias -= self.bias_step * (1 / self.count)
        self.start()

    def encrypt_anew(self) -> None:
        self.weight = self.side.vector(self.weight.decrypt())
        self.bias = self.side.vector(self.bias.decrypt())


def trained(side: Side, x: np.ndarray, y: np.ndarray, epochs: int) -> tuple[np.ndarray, np.ndarray]:
    rows = [side.vector(row.tolist()) for row in x]
    labels = [side.vector([label]) for label in y]
    model = EncryptedLogisticRegression(side, x.shape[1])
    for _ in range(epochs):
        for row, label in zip(rows, labels, strict=True):
            model.backward(row.copy(), model.forward(row.copy()), label.copy())
        model.update()
        model.encrypt_anew()
    return opened(model.weight), opened(model.bias)


def trained_exactly(x: np.ndarray, y: np.ndarray, epochs: int) -> tuple[np.ndarray, float]:
    weight, bias = np.zeros(x.shape[1]), 0.0
    for _ in range(epochs):
        z = x @ weight + bias
        off = 0.5 + 0.197 * z - 0.004 * z**3 - y
        weight, bias = weight - (off @ x / len(x) + 0.05 * weight), bias - off.mean()
    return weight, bias


def test_logistic_regression_trains() -> None:
    x, y = data(rows=4, features=5)
    exact = trained_exactly(x, y, 2)
    off = []
    for side in sides(*DEEP):
        weight, bias = trained(side, x, y, 2)
        off.append(max(np.max(np.abs(weight - exact[0])), np.max(np.abs(bias - exact[1]))))
    # A scale of 2^21 and noise of 2^13 in slots: 2^-8 an operation, of which an epoch has a few in a row.
    assert off[0] <= max(2 * off[1], 2.0**-8), off


def test_logistic_regression_evaluates() -> None:
    x, _ = data(rows=4, features=30)
    weight, bias = np.linspace(-1, 1, 30), 0.1
    for row in x:
        results = [side.vector(row.tolist()).dot(weight.tolist()) + bias for side in sides()]
        agree(*results, np.array([row @ weight + bias]), 30)


def test_a_convolutional_network_reads_a_digit() -> None:
    random = np.random.default_rng(2)
    image, kernels = random.uniform(0, 1, (28, 28)), random.uniform(-0.2, 0.2, (4, 7, 7))
    first, first_bias = random.uniform(-0.1, 0.1, (256, 64)), random.uniform(-0.1, 0.1, 64)
    second, second_bias = random.uniform(-0.1, 0.1, (64, 10)), random.uniform(-0.1, 0.1, 10)

    def network(side: Side) -> Any:
        encoded, windows = side.ts.im2col_encoding(side.context, image.tolist(), 7, 7, 3)
        channels = [encoded.conv2d_im2col(kernel.tolist(), windows) + 0.1 for kernel in kernels]
        out = side.ts.CKKSVector.pack_vectors(channels)
        out.square_()
        out = out.mm(first.tolist()) + first_bias.tolist()
        out.square_()
        return out.mm(second.tolist()) + second_bias.tolist()

    views = np.lib.stride_tricks.sliding_window_view(image, (7, 7))[::3, ::3]
    hidden = (np.einsum("ijkl,ckl->cij", views, kernels).reshape(-1) + 0.1) ** 2
    exact = (hidden @ first + first_bias) ** 2 @ second + second_bias
    results = [network(side) for side in sides(8192, (31, 26, 26, 26, 26, 26, 26, 31), 2.0**26)]
    off = [np.max(np.abs(opened(result) - exact)) for result in results]
    # As above: a scale of 2^26, values up to 2^3.
    assert off[0] <= max(2 * off[1], 2.0**-9), off


def test_tensors_make_a_layer() -> None:
    random = np.random.default_rng(4)
    x, w, b = random.uniform(-1, 1, (3, 4)), random.uniform(-1, 1, (4, 2)), random.uniform(-1, 1, 2)

    def layer(side: Side) -> Any:
        out = side.tensor(x) @ side.tensor(w)
        out += b.tolist()
        return out.polyval([0.5, 0.25])

    agree(*(layer(side) for side in sides()), 0.5 + 0.25 * (x @ w + b))
