"""Small recurrent classifiers, many of them trained side by side.

Folds and seeds of one test differ in data and first weights only, so they are
stacked: one product for all instead of one each. Sequences lie in the last axis,
which keeps long runs of memory for networks of a few units (3 units, 10 judges:
7 ms a step instead of 34). Knows tensors, not what is told apart.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn


class StackedGRU(nn.Module):
    """As many independent one-layer GRUs (Cho et al. 2014) as there are judges.

    Gates and first weights as :class:`torch.nn.GRU`, so that one judge is the
    network that the literature names.

    Parameters
    ----------
    n_judges, n_inputs, hidden : int
        Networks, features of a step, units of each network.
    """

    def __init__(self, n_judges: int, n_inputs: int, hidden: int) -> None:
        super().__init__()
        bound = 1.0 / math.sqrt(hidden)
        self.from_input = first_weights(bound, n_judges, 3 * hidden, n_inputs)
        self.from_state = first_weights(bound, n_judges, 3 * hidden, hidden)
        self.input_bias = first_weights(bound, n_judges, 3 * hidden, 1)
        self.state_bias = first_weights(bound, n_judges, 3 * hidden, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the state after each step.

        Parameters
        ----------
        inputs : Tensor of shape (n_steps, n_judges, n_inputs, n_sequences)

        Returns
        -------
        Tensor of shape (n_steps, n_judges, hidden, n_sequences)
        """
        told = torch.matmul(self.from_input, inputs) + self.input_bias
        states: Tensor = _Recurrence.apply(told, self.from_state, self.state_bias)  # type: ignore[no-untyped-call]
        return states


class StackedLinear(nn.Module):
    """One output for each judge, with the first weights of :class:`torch.nn.Linear`."""

    def __init__(self, n_judges: int, n_inputs: int) -> None:
        super().__init__()
        bound = 1.0 / math.sqrt(n_inputs)
        self.weight = first_weights(bound, n_judges, n_inputs)
        self.bias = first_weights(bound, n_judges, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (n_judges, n) from inputs of shape (n_judges, n_inputs, n)."""
        return torch.einsum("mh,mhn->mn", self.weight, inputs) + self.bias


def first_weights(bound: float, *shape: int) -> nn.Parameter:
    """Return weights drawn uniformly within ``bound`` from torch's generator."""
    return nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))


class _Recurrence(torch.autograd.Function):
    """The loop over steps, its gradient by hand: a third of the operations."""

    @staticmethod
    def forward(ctx: Any, told: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        n_steps, n_judges, width, n = told.shape
        h = width // 3
        states = told.new_zeros(n_steps + 1, n_judges, h, n)
        gates = torch.empty_like(told)  # reset, update, candidate
        inner = told.new_empty(n_steps, n_judges, h, n)
        for t in range(n_steps):
            recurrent = torch.baddbmm(bias, weight, states[t])
            both, candidate = gates[t, :, : 2 * h], gates[t, :, 2 * h :]
            torch.add(told[t, :, : 2 * h], recurrent[:, : 2 * h], out=both)
            both.sigmoid_()
            inner[t] = recurrent[:, 2 * h :]
            torch.addcmul(told[t, :, 2 * h :], both[:, :h], inner[t], out=candidate)
            candidate.tanh_()
            torch.lerp(candidate, states[t], both[:, h:], out=states[t + 1])
        ctx.save_for_backward(states, gates, inner, weight)
        return states[1:]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        states, gates, inner, weight = ctx.saved_tensors
        h = gates.shape[2] // 3
        reset, update, candidate = gates[:, :, :h], gates[:, :, h : 2 * h], gates[:, :, 2 * h :]
        to_candidate = (1 - candidate.square()) * (1 - update)
        to_update = (states[:-1] - candidate) * update * (1 - update)
        to_reset = inner * reset * (1 - reset)
        at_told, at_recurrent = torch.empty_like(gates), torch.empty_like(gates)
        at_weight, carried = torch.zeros_like(weight), torch.zeros_like(states[0])
        for t in range(len(gates) - 1, -1, -1):
            carried = carried + grads[0][t]
            told, recurrent = at_told[t], at_recurrent[t]
            torch.mul(carried, to_candidate[t], out=told[:, 2 * h :])
            torch.mul(carried, to_update[t], out=told[:, h : 2 * h])
            torch.mul(told[:, 2 * h :], to_reset[t], out=told[:, :h])
            recurrent[:, : 2 * h] = told[:, : 2 * h]
            torch.mul(told[:, 2 * h :], reset[t], out=recurrent[:, 2 * h :])
            at_weight.baddbmm_(recurrent, states[t].transpose(1, 2))
            carried = torch.baddbmm(carried * update[t], weight.transpose(1, 2), recurrent)
        return at_told, at_weight, at_recurrent.sum(dim=(0, 3)).unsqueeze(-1)
