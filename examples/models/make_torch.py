"""Trains a layer of PyTorch on the made-up salaries and saves what it has learnt: python examples/models/make_torch.py

torch.json was made by this with Debian 12's python3-torch 1.13.1, which calls itself 1.13.0a0. The notebook reads that
file, so it needs no PyTorch.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tables import save_layer, standardized_salaries


def main() -> None:
    """Full-batch descent on the mean squared error."""
    torch.manual_seed(1)
    salaries = standardized_salaries()
    features = torch.tensor(salaries.features, dtype=torch.float32)
    target = torch.tensor(salaries.target, dtype=torch.float32).reshape(-1, 1)
    layer = torch.nn.Linear(features.shape[1], 1)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(layer(features), target).backward()
        optimizer.step()
    arrays = {name: tensor.detach().numpy() for name, tensor in layer.state_dict().items()}
    save_layer("torch.json", f"torch {torch.__version__}", repr(layer), arrays)


if __name__ == "__main__":
    main()
