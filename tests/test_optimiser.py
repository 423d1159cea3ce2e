"""AdamW moves weights as torch's own does, and nothing is imported that compiles."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import torch
from torch import nn

from riskgen.models.timegan.optimiser import AdamW, Group

STEPS, BETAS = 60, (0.9, 0.99)


def network() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3), nn.Linear(3, 1))


def loss_of(net: nn.Sequential, step: int) -> torch.Tensor:
    rng = np.random.default_rng(step)
    told = torch.from_numpy(rng.normal(size=(16, 5))).float()
    shown = net[:3] if step % 3 else net  # the last layer goes without gradients now and then
    return shown(told).square().mean()


def rate(step: int) -> float:
    return 0.5 + 0.4 * np.sin(step)


def ours(net: nn.Sequential) -> AdamW:
    layers = [list(layer.parameters()) for layer in (net[0], net[2], net[3])]
    return AdamW([Group(layers[0], 0.3, 0.02), Group([*layers[1], *layers[2]], 0.0, 0.05)], BETAS)


def trained(net: nn.Sequential, optimiser: AdamW, first: int, last: int) -> None:
    for step in range(first, last):
        loss_of(net, step).backward()
        optimiser.step(rate(step))


def test_weights_move_as_torch_moves_them() -> None:
    mine, theirs = network(), network()
    trained(mine, ours(mine), 0, STEPS)
    rest = [*theirs[2].parameters(), *theirs[3].parameters()]
    groups = [
        {"params": list(theirs[0].parameters()), "weight_decay": 0.3, "largest": 0.02},
        {"params": rest, "weight_decay": 0.0, "largest": 0.05},
    ]
    optimiser = torch.optim.AdamW(groups, betas=BETAS)
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = group["largest"] * rate(step)
        optimiser.zero_grad()
        loss_of(theirs, step).backward()
        optimiser.step()
    for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_a_restored_optimiser_goes_on_as_if_never_stopped() -> None:
    straight, stopped = network(), network()
    trained(straight, ours(straight), 0, STEPS)
    optimiser = ours(stopped)
    trained(stopped, optimiser, 0, 20)
    again = ours(stopped)
    again.restore({k: torch.from_numpy(v) for k, v in optimiser.arrays().items()})
    trained(stopped, again, 20, STEPS)
    for a, b in zip(straight.parameters(), stopped.parameters(), strict=True):
        assert torch.equal(a, b)


def test_an_unknown_gradient_leaves_a_weight_where_it_is() -> None:
    net = network()
    before = net[3].weight.detach().clone()
    optimiser = ours(net)
    net[:3](torch.ones(2, 5)).sum().backward()
    optimiser.step(1.0)
    assert torch.equal(net[3].weight, before)
    assert all(item.grad is None for item in net.parameters())


def test_training_imports_no_compiler() -> None:
    code = (
        "import sys\n"
        "import torch\n"
        "from riskgen.models.timegan.course import Course\n"
        "Course('x', torch.nn.Linear(2, 1), 0.1, 0.0, 1)"
        ".advance(lambda net: net(torch.ones(3, 2)).sum(), 0.5)\n"
        "sys.exit('torch._dynamo' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
