"""Drawing rows from within-step heads: the recovery network, run forward.

Fused for speed: each drawn field adds its contribution to the hidden units of
all later fields in one product. Uniform numbers come from outside; a level is
the inverse of its distribution function, so nothing else is random.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from riskgen.data.panel import Floats
from riskgen.models.timegan.heads import FieldHeads
from riskgen.models.timegan.mixtures import widened
from riskgen.models.timegan.recall import RunningRecall
from riskgen.models.timegan.rows import RowCoder, Rows
from riskgen.models.timegan.support import Guide

UNIFORMS = 2
"""Uniform numbers for each field of a row: one for the level or the mixture's
component, one for the place inside the level or the component."""

INSIDE = 1e-9
"""How close to 0 and 1 a uniform number may come before a normal quantile is taken."""


class RowDrawer:
    """Draws rows field by field from :class:`FieldHeads` with frozen weights."""

    def __init__(self, heads: FieldHeads, coder: RowCoder) -> None:
        self.heads, self.coder = heads, coder
        self.names = [item.name for item in coder.fields]
        weight = heads.masked_weight()
        self._later = [
            weight[(k + 1) * heads.width :, columns].T.contiguous()
            for k, columns in enumerate(heads.reader.columns(coder.fields))
        ]
        starts = heads.reader.get_buffer("starts").tolist()
        table = heads.reader.table.weight
        self._tables = [
            table[start : start + coder.fields[c].levels + 1]
            for start, c in zip(starts, coder.level_columns, strict=True)
        ]
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
        codes = torch.zeros((n, len(self._tables)), dtype=torch.int64)
        numbers = torch.zeros((n, len(self._skip)))
        scaled = torch.zeros((n, len(self._skip)))
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
                told = None if recall is None else recall.signals(level, codes)
                drawn = self._level(
                    level, column, representation, first, fixed, told, guide, codes, values
                )
                drawn = np.where(here, drawn, item.levels)
                codes[:, level] = torch.from_numpy(drawn)
                place = second if item.spread else 0.0
                values[:, column] = np.where(here, drawn + place, 0.0)
                feature = self._tables[level][codes[:, level]]
                level += 1
            else:
                scale = None if log_scale is None else log_scale[:, number]
                moved = None if shift is None else shift[:, number]
                z, drawn = self._number(
                    number, column, representation, scaled, first, second, scale, moved
                )
                if forced is not None and item.name in forced:
                    z = drawn = self._standardised(number, forced[item.name])
                drawn = np.where(here, drawn, 0.0)
                scaled[:, number] = torch.from_numpy(np.where(here, z, 0.0))
                numbers[:, number] = torch.from_numpy(drawn)
                mean, spread = self.coder.mean[number], self.coder.scale[number]
                values[:, column] = np.where(here, mean + spread * drawn, 0.0)
                value = numbers[:, number : number + 1]
                feature = torch.cat([value, torch.asinh(value)], dim=1)
                number += 1
            if column + 1 < len(fields):
                later = representation[:, (column + 1) * self.heads.width :]
                later.addmm_(feature, self._later[column])
        return values, Rows(codes.numpy(), numbers.numpy(), applies)

    def _standardised(self, number: int, values: int | np.ndarray) -> np.ndarray:
        unit = self.coder.scale[number] or np.inf
        return np.asarray((values - self.coder.mean[number]) / unit)

    def _hidden(self, column: int, representation: Tensor) -> Tensor:
        width = self.heads.width
        return torch.relu(representation[:, column * width : (column + 1) * width])

    def _level(
        self,
        level: int,
        column: int,
        representation: Tensor,
        uniform: Floats,
        fixed: int | np.ndarray | None,
        recalled: Tensor | None,
        guide: Guide | None,
        codes: Tensor,
        values: Floats,
    ) -> np.ndarray:
        n_levels = self.coder.fields[column].levels
        if fixed is not None:
            return np.full(len(representation), fixed, dtype=np.int64)
        hidden = self._hidden(column, representation)
        logits = self.heads.logits(level, hidden, recalled)
        if guide is not None and column == self.heads.kind:
            logits = self.heads.renewed(logits, hidden, guide)
        if guide is not None and self.coder.fields[column].name in self.heads.steered:
            logits = self.heads.led(column, logits, hidden, guide, values)
        if guide is not None and column == self.heads.bounded:
            logits = self.heads.guided(logits, hidden, guide, guide.bounds, codes)
        return inverse_choice(logits, uniform, n_levels)

    def _number(
        self,
        number: int,
        column: int,
        representation: Tensor,
        scaled: Tensor,
        first: Floats,
        second: Floats,
        log_scale: Tensor | None,
        shift: Tensor | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a value in units of the current volatility, and the standardised value."""
        hidden = self._hidden(column, representation)
        raw = hidden @ self.heads.mixture_weight[number] + self.heads.mixture_bias[number]
        log_weight, mean, log_sigma = self.heads.components(raw)
        if len(self.heads.spread):
            times = self.heads.spread[number]
            mean, log_sigma = widened(log_weight, mean, log_sigma, times)
        if number in self.heads.resting:
            rest, first = self._rest(number, hidden, first)
        chosen = torch.from_numpy(inverse_choice(log_weight, first, log_weight.shape[1]))[:, None]
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


def inverse_choice(logits: Tensor, uniform: Floats, n_levels: int) -> np.ndarray:
    """Return the level at which the distribution function of ``logits`` passes ``uniform``."""
    likelihood = torch.exp(logits - logits.amax(dim=1, keepdim=True))
    ladder = torch.cumsum(likelihood, dim=1)
    wanted = torch.from_numpy(uniform.astype(np.float32))[:, None] * ladder[:, -1:]
    level = torch.searchsorted(ladder, wanted, right=True)[:, 0]
    return level.clamp_(max=n_levels - 1).numpy()
