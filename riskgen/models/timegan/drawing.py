"""Drawing rows from within-step heads: the recovery network, run forward.

Fused for speed: levels drawn before reach the hidden units of a field as sums of
rows of tables, numbers as one product for all later fields. Uniform numbers come
from outside; a level is the inverse of its distribution function, so nothing else
is random.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from riskgen.data.panel import Floats
from riskgen.models.timegan.heads import FieldHeads
from riskgen.models.timegan.lookups import earlier_levels
from riskgen.models.timegan.mixtures import widened
from riskgen.models.timegan.recall import SIGNALS
from riskgen.models.timegan.recalling import RunningRecall
from riskgen.models.timegan.rows import RESERVED_CODES, RowCoder, Rows
from riskgen.models.timegan.support import Guide

UNIFORMS = 2
"""Uniform numbers for each field of a row: one for the level or the mixture's
component, one for the place inside the level or the component."""

INSIDE = 1e-9
"""How close to 0 and 1 a uniform number may come before a normal quantile is taken."""

FEW = 0.5
"""Part of the rows below which a field that applies to some is drawn for those only [J]."""

BELOW_ONE = 1.0 - 2.0**-23
"""Largest uniform number whose product with a sum stays below that sum."""


@dataclass(frozen=True, eq=False)
class _Step:
    """What is known of a step while it is drawn; codes, their places and values fill up."""

    representation: Tensor
    codes: Tensor
    places: Tensor
    values: Floats
    recall: RunningRecall | None
    guide: Guide | None


class RowDrawer:
    """Draws rows field by field from :class:`FieldHeads` with frozen weights."""

    def __init__(self, heads: FieldHeads, coder: RowCoder) -> None:
        self.heads, self.coder = heads, coder
        self.names = [item.name for item in coder.fields]
        self._earlier = earlier_levels(heads)
        sizes = [heads.fields[c].levels + RESERVED_CODES for c in heads.level_columns]
        self._starts = torch.tensor([0, *accumulate(sizes)][:-1], dtype=torch.int64)
        weights = dict(heads.levels.named_parameters())
        self._linear = [
            (weights[f"{k}.weight"].T.contiguous(), weights[f"{k}.bias"]) for k in range(len(sizes))
        ]
        weight, columns = heads.masked_weight(), heads.reader.columns(coder.fields)
        self._later = {
            c: weight[(c + 1) * heads.width :, columns[c]].T.contiguous()
            for c in coder.number_columns
        }
        self._skip = torch.tril(heads.skip, -1)

    def draw(
        self,
        representation: Tensor,
        uniforms: Floats,
        log_scale: Tensor | None = None,
        forced: Mapping[str, int | np.ndarray] | None = None,
        recall: RunningRecall | None = None,
        guide: Guide | None = None,
        told: Tensor | None = None,
    ) -> tuple[Floats, Rows]:
        """Draw a row for each row of ``representation``.

        Parameters
        ----------
        representation : Tensor of shape (n, n_fields * width)
            Overwritten.
        uniforms : ndarray of shape (n, 2 * n_fields)
            In [0, 1).
        log_scale : Tensor of shape (n, n_numbers) or None
            Log of the current volatility.
        forced : mapping or None
            Levels (one for all rows, or one each) and values that are set, not drawn;
            later fields are drawn given them.
        recall : RunningRecall or None
            What each sequence has shown so far.
        guide : Guide or None
            What the calendar says of the heads' bounded column.
        told : Tensor of shape (n, n_told) or None
            Features of trackers.

        Returns
        -------
        values : ndarray of shape (n, n_fields), float64
            As in a panel.
        rows : Rows
            The same as codes and standardised numbers.
        """
        n, fields = len(representation), self.coder.fields
        values, applies = np.zeros((n, len(fields))), np.ones((n, len(fields)), dtype=bool)
        codes = torch.zeros((n, len(self.coder.level_columns)), dtype=torch.int64)
        places = self._starts.repeat(n, 1)
        step = _Step(representation, codes, places, values, recall, guide)
        numbers, scaled = (torch.zeros((n, len(self._skip))) for _ in range(2))
        shift = None if told is None else told @ self.heads.told.T
        level = number = 0
        for column, item in enumerate(fields):
            if item.requires is not None:
                parent = self.names.index(item.requires[0])
                applies[:, column] = applies[:, parent] & (values[:, parent] >= item.requires[1])
            here = applies[:, column]
            first, second = uniforms[:, 2 * column], uniforms[:, 2 * column + 1]
            if item.levels:
                fixed = None if forced is None else forced.get(item.name)
                chosen = self._levels(step, level, column, first, fixed, here)
                codes[:, level] = chosen
                places[:, level] += chosen
                values[:, column] = chosen.numpy() + second if item.spread else chosen.numpy()
                if item.requires is not None:
                    values[~here, column] = 0.0
                level += 1
            else:
                scale = None if log_scale is None else log_scale[:, number]
                moved = None if shift is None else shift[:, number]
                z, drawn = self._number(number, step, scaled, first, second, scale, moved)
                if forced is not None and item.name in forced:
                    z = drawn = self._standardised(number, forced[item.name])
                drawn = np.where(here, drawn, 0.0)
                scaled[:, number] = torch.from_numpy(np.where(here, z, 0.0))
                numbers[:, number] = torch.from_numpy(drawn)
                mean, spread = self.coder.mean[number], self.coder.scale[number]
                values[:, column] = np.where(here, mean + spread * drawn, 0.0)
                self._tell(representation, column, numbers[:, number : number + 1])
                number += 1
        return values, Rows(codes.numpy(), numbers.numpy(), applies)

    def _tell(self, representation: Tensor, column: int, value: Tensor) -> None:
        """Add what a number says to the hidden units of all later fields."""
        if column + 1 < len(self.coder.fields):
            later = representation[:, (column + 1) * self.heads.width :]
            later.addmm_(torch.cat([value, torch.asinh(value)], dim=1), self._later[column])

    def _standardised(self, number: int, values: int | np.ndarray) -> np.ndarray:
        unit = self.coder.scale[number] or np.inf
        return np.asarray((values - self.coder.mean[number]) / unit)

    def _hidden(self, column: int, step: _Step, rows: Tensor | None = None) -> Tensor:
        """Return the hidden units of a field, of all rows or of some, shape (n, width)."""
        width = self.heads.width
        own, places = step.representation[:, column * width : (column + 1) * width], step.places
        if rows is not None:
            own, places = own[rows], places[rows]
        earlier = self._earlier[column]
        return torch.relu(own) if earlier is None else earlier.at(places).add_(own).relu_()

    def _levels(
        self,
        step: _Step,
        level: int,
        column: int,
        uniform: Floats,
        fixed: int | np.ndarray | None,
        here: NDArray[np.bool_],
    ) -> Tensor:
        """Return the level of each row, the number of levels where the field does not apply."""
        item = self.coder.fields[column]
        if item.requires is None:
            return self._level(step, level, column, uniform, fixed)
        codes = torch.full((len(here),), item.levels)
        if fixed is not None or self._guided(column) or here.mean() >= FEW:
            drawn = self._level(step, level, column, uniform, fixed)
            return torch.where(torch.from_numpy(here), drawn, codes)
        rows = np.flatnonzero(here)
        if len(rows):
            some = torch.from_numpy(rows)
            codes[some] = self._level(step, level, column, uniform[rows], None, some)
        return codes

    def _guided(self, column: int) -> bool:
        heads = self.heads
        return column in (heads.kind, heads.bounded) or self.names[column] in heads.steered

    def _level(
        self,
        step: _Step,
        level: int,
        column: int,
        uniform: Floats,
        fixed: int | np.ndarray | None,
        rows: Tensor | None = None,
    ) -> Tensor:
        if fixed is not None:
            return torch.from_numpy(np.full(len(uniform), fixed, dtype=np.int64))
        hidden, guide = self._hidden(column, step, rows), step.guide
        weight, bias = self._linear[level]
        told = torch.addmm(bias, hidden, weight)
        logits = told[:, : self.coder.fields[column].levels]
        if step.recall is not None:
            codes = step.codes if rows is None else step.codes[rows]
            gates = told[:, -SIGNALS:]
            logits = step.recall.weighed(level, codes, gates, rows).add_(logits)
        if guide is not None and column == self.heads.kind:
            logits = self.heads.renewed(logits, hidden, guide)
        if guide is not None and self.names[column] in self.heads.steered:
            logits = self.heads.led(column, logits, hidden, guide, step.values)
        if guide is not None and column == self.heads.bounded:
            logits = self.heads.guided(logits, hidden, guide, guide.bounds, step.codes)
        return inverse_choice(logits, uniform)

    def _number(
        self,
        number: int,
        step: _Step,
        scaled: Tensor,
        first: Floats,
        second: Floats,
        log_scale: Tensor | None,
        shift: Tensor | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a value in units of the current volatility, and the standardised value."""
        hidden = self._hidden(self.coder.number_columns[number], step)
        raw = hidden @ self.heads.mixture_weight[number] + self.heads.mixture_bias[number]
        log_weight, mean, log_sigma = self.heads.components(raw)
        if len(self.heads.spread):
            times = self.heads.spread[number]
            mean, log_sigma = widened(log_weight, mean, log_sigma, times)
        if number in self.heads.resting:
            rest, first = self._rest(number, hidden, first)
        chosen = inverse_choice(log_weight, first)[:, None]
        centre = mean.gather(1, chosen)[:, 0] + scaled @ self._skip[number]
        centre = centre if shift is None else centre + shift
        width = torch.exp(log_sigma.gather(1, chosen)[:, 0])
        normal = torch.special.ndtri(torch.from_numpy(np.clip(second, INSIDE, 1 - INSIDE)))
        z = centre.double() + width.double() * normal
        scale = 1.0 if log_scale is None else torch.exp(log_scale.double())
        bound = float(self.coder.bound[number])
        result = torch.clamp(z * scale, -bound, bound)
        if number in self.heads.resting:
            result = torch.where(torch.from_numpy(rest), 0.0, result)
        return (result / scale).numpy(), result.numpy()

    def _rest(self, number: int, hidden: Tensor, uniform: Floats) -> tuple[np.ndarray, Floats]:
        """Return where a number rests, and the uniform number that is left elsewhere."""
        k = self.heads.resting.index(number)
        logits = hidden @ self.heads.rest_weight[k] + self.heads.rest_bias[k]
        share = torch.sigmoid(logits).double().numpy()
        left = (uniform - share) / np.maximum(1.0 - share, 1e-9)
        return uniform < share, np.clip(left, 0.0, 1.0 - 1e-9)


def inverse_choice(logits: Tensor, uniform: Floats) -> Tensor:
    """Return the level (n,) at which the distribution function of ``logits`` passes ``uniform``."""
    # Faster than a softmax, whose rows are short.
    likelihood = (logits - logits.amax(dim=1, keepdim=True)).exp_()
    ladder = torch.cumsum(likelihood, dim=1)
    height = torch.from_numpy(np.minimum(uniform, BELOW_ONE).astype(np.float32))
    wanted = height[:, None] * ladder[:, -1:]
    return torch.searchsorted(ladder, wanted, right=True)[:, 0]
