"""Within-step autoregressive heads: one small network for each field.

The head of a field sees the representation of the step and the fields drawn
before it (block-masked, as MADE: Germain et al. 2015). Levels get a softmax,
continuous fields a mixture of Gaussians (Bishop 1994) on a scale that follows
the sequence's own volatility.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from riskgen.data.panel import Field, Floats, Steering
from riskgen.models.timegan.ahead import DATES, HOURS
from riskgen.models.timegan.mixtures import CALM, NARROWEST, WIDEST, widened
from riskgen.models.timegan.reader import RowReader
from riskgen.models.timegan.recall import SIGNALS
from riskgen.models.timegan.renewal import Passing, Renewal
from riskgen.models.timegan.steered import Steered, quiet
from riskgen.models.timegan.support import PULLS, Guide, ruled_out, with_observed
from riskgen.models.timegan.volatility import Volatility

SIGMA_FLOOR = 0.05
"""Smallest width of a mixture component, in units of the current volatility [J]."""


class FieldHeads(nn.Module):
    """Distribution of a row, field by field, given a representation of the step.

    Parameters
    ----------
    fields : tuple of Field
        Columns in the order in which they are drawn.
    embedding, width, mixtures : int
        See :class:`TimeGANConfig`.
    dropout : float
        Fraction of hidden units dropped in training.
    recalls : bool
        Whether levels are also weighed by what the sequence has shown so far.
    bounded : int or None
        Column whose levels the calendar bounds.
    kind : int or None
        Column whose levels have rhythms of their own.
    steered : tuple of Steering
        Trackers that weigh the levels of a field.
    n_told : int
        Features of trackers that enter the means of continuous fields linearly.
    """

    def __init__(
        self,
        fields: tuple[Field, ...],
        embedding: int,
        width: int,
        mixtures: int,
        dropout: float,
        recalls: bool = False,
        bounded: int | None = None,
        kind: int | None = None,
        steered: tuple[Steering, ...] = (),
        n_told: int = 0,
    ) -> None:
        super().__init__()
        self.bounded, self.kind = bounded, kind
        self.steered = {item.steers for item in steered}
        self.fields, self.width, self.mixtures = fields, width, mixtures
        self.level_columns = [c for c, item in enumerate(fields) if item.levels]
        self.number_columns = [c for c, item in enumerate(fields) if not item.levels]
        self.reader = RowReader(fields, embedding)
        spread = 1.0 / math.sqrt(max(self.reader.width, 1))
        self.earlier = nn.Parameter(torch.randn(len(fields) * width, self.reader.width) * spread)
        self.register_buffer("mask", self._mask(), persistent=False)
        self.dropout = nn.Dropout(dropout)
        self.n_gates = SIGNALS if recalls else 0
        self.levels = nn.ModuleList(
            nn.Linear(width, fields[c].levels + self.n_gates) for c in self.level_columns
        )
        self.pace = nn.Linear(width, PULLS)
        self.dates = quiet(nn.Linear(width, DATES))
        self.hours = quiet(nn.Linear(width, HOURS))
        names = [item.name for item in fields]
        # By number: a name may hold a dot, which names of modules may not.
        self.steers = nn.ModuleDict(
            {str(names.index(item.steers)): Steered(width, item) for item in steered}
        )
        self.passing: Passing | None = None
        if kind is not None:
            self.kinds = Renewal(width, fields[kind].levels)
            self.returns = Renewal(width, fields[kind].levels)
            self.passing = Passing(fields[kind].levels)
        n = len(self.number_columns)
        self.mixture_weight = nn.Parameter(torch.randn(n, width, 3 * mixtures) * 0.1)
        self.mixture_bias = nn.Parameter(self._mixture_start(n))
        self.skip = nn.Parameter(torch.zeros(n, n))
        self.told = nn.Parameter(torch.zeros(n, n_told))
        # Not trained: set afterwards, see match_spreads.
        self.spread = nn.Parameter(torch.ones(n if n_told else 0), requires_grad=False)
        rests = [fields[c].rests for c in self.number_columns]
        self.resting = [k for k, item in enumerate(rests) if item]
        self.rest_weight = nn.Parameter(torch.zeros(len(self.resting), width))
        self.rest_bias = nn.Parameter(torch.zeros(len(self.resting)))
        self.volatility = Volatility(n)

    def _mask(self) -> Tensor:
        """Let a field's head see earlier fields only."""
        mask = torch.zeros(len(self.fields) * self.width, self.reader.width)
        for field, columns in enumerate(self.reader.columns(self.fields)):
            mask[(field + 1) * self.width :, columns] = 1.0
        return mask

    @torch.no_grad()
    def start_at(self, codes: Tensor) -> None:
        """Set each softmax's bias to the frequency of its levels, one count added."""
        for k, head in enumerate(self.levels):
            assert isinstance(head, nn.Linear)
            n_levels = head.out_features - self.n_gates
            counts = torch.bincount(codes[:, k], minlength=n_levels)[:n_levels] + 1.0
            head.bias.zero_()
            head.bias[:n_levels] = torch.log(counts / counts.sum())
            head.weight.mul_(0.3)

    def _mixture_start(self, n: int) -> Tensor:
        """Begin with one broad bell made of components of several widths."""
        spread = torch.linspace(-0.9, 0.5, self.mixtures)
        zeros = torch.zeros(self.mixtures)
        return torch.cat([zeros, zeros, spread]).repeat(n, 1)

    @torch.no_grad()
    def start_width(self, number: int, spread: float) -> None:
        """Begin the mixture of a continuous field with a bell of this standard deviation."""
        k = self.mixtures
        places = torch.linspace(0.0, 1.0, k)
        widths = spread * NARROWEST * (WIDEST / NARROWEST) ** places
        self.mixture_bias[number, :k] = -0.5 * ((places - 0.4) / 0.25).square()
        self.mixture_bias[number, 2 * k :] = torch.log(torch.expm1(widths.clamp(min=1e-3)))
        self.mixture_weight[number] *= CALM

    @torch.no_grad()
    def start_rest(self, number: int, share: float) -> None:
        """Begin the log odds of rest of a continuous field at their share."""
        kept = min(max(share, 1e-3), 1.0 - 1e-3)
        self.rest_bias[self.resting.index(number)] = math.log(kept / (1.0 - kept))

    def tracked(self, features: Tensor) -> Tensor | None:
        """Return the features that enter means linearly: the last ones, if any."""
        n_told = self.told.shape[1]
        return features[:, -n_told:] if n_told else None

    def masked_weight(self) -> Tensor:
        """Return the weights from earlier fields, shape (n_fields * width, reader.width)."""
        return self.earlier * self.get_buffer("mask")

    def log_likelihood(
        self,
        representation: Tensor,
        codes: Tensor,
        numbers: Tensor,
        applies: Tensor,
        log_scale: Tensor | None = None,
        recalled: list[Tensor] | None = None,
        guide: Guide | None = None,
        told: Tensor | None = None,
    ) -> Tensor:
        """Return log p of each field given the ones before it, in nats.

        Parameters
        ----------
        representation : Tensor of shape (n, n_fields * width)
            What the supervisor says of the step.
        codes, numbers, applies : Tensor
            The row, as :class:`Rows`.
        log_scale : Tensor of shape (n, n_numbers) or None
            Log of the current volatility of continuous fields.
        recalled : list of Tensor of shape (n, SIGNALS, n_levels) or None
            What the sequence has shown so far, for each level field.
        guide : Guide or None
            What the calendar says of the bounded column.
        told : Tensor of shape (n, n_told) or None
            Features of trackers.

        Returns
        -------
        Tensor of shape (n, n_fields)
            0 where a field does not apply.
        """
        features = self.reader(codes, numbers)
        hidden = representation + F.linear(features, self.masked_weight())
        hidden = self.dropout(F.relu(hidden)).reshape(-1, len(self.fields), self.width)
        parts: dict[int, Tensor] = {}
        for k, column in enumerate(self.level_columns):
            logits = self.logits(k, hidden[:, column], None if recalled is None else recalled[k])
            if guide is not None and column == self.kind:
                logits = self.renewed(logits, hidden[:, column], guide)
            if guide is not None and column == self.bounded:
                possible = with_observed(guide.bounds, codes[:, k])
                logits = self.guided(logits, hidden[:, column], guide, possible, codes)
            if guide is not None and self.fields[column].name in self.steered:
                logits = self.led(column, logits, hidden[:, column], guide)
            parts[column] = _log_level(logits, codes[:, k])
        if self.number_columns:
            density = self._log_density(hidden[:, self.number_columns], numbers, log_scale, told)
            parts.update({c: density[:, k] for k, c in enumerate(self.number_columns)})
        stacked = torch.stack([parts[c] for c in range(len(self.fields))], dim=1)
        return torch.where(applies, stacked, 0.0)

    def logits(self, k: int, hidden: Tensor, recalled: Tensor | None) -> Tensor:
        """Return the logits of level field ``k``; gates weigh what is recalled."""
        told: Tensor = self.levels[k](hidden)
        if recalled is None:
            return told
        logits, gates = told[:, : -self.n_gates], told[:, -self.n_gates :]
        return logits + torch.bmm(gates[:, None, :], recalled)[:, 0]

    def renewed(self, logits: Tensor, hidden: Tensor, guide: Guide) -> Tensor:
        """Return the logits of the kind, weighed by when each kind came last."""
        added: Tensor = self.kinds(hidden, guide.rhythm())
        assert self.passing is not None, "there are kinds"
        return logits + added + self.passing.overtaking(guide.due, guide.today)

    def led(
        self,
        column: int,
        logits: Tensor,
        hidden: Tensor,
        guide: Guide,
        values: Floats | None = None,
    ) -> Tensor:
        """Return the logits of a steered column, weighed by what each level leads to."""
        name = self.fields[column].name
        added: Tensor = self.steers[str(column)](hidden, guide.steers[name].signals(values))
        return logits + added

    def guided(
        self, logits: Tensor, hidden: Tensor, guide: Guide, bounds: Tensor, codes: Tensor
    ) -> Tensor:
        """Return the logits of the bounded column, pulled to pace and dates, kept in bounds.

        ``codes`` (n, n_level_fields) need to be right for the kind only.
        """
        weighed = guide.weighed(self.dates(hidden))
        if self.passing is not None and self.kind is not None:
            # Where a sequence ends there is no kind, and nothing is asked of the date.
            most = guide.last.shape[1] - 1
            drawn = codes[:, self.level_columns.index(self.kind)].clamp(max=most)
            weighed = weighed + self.returns.of_kind(hidden, drawn, guide.rhythm_of(drawn))
            weighed = weighed + self.passing(guide.due, guide.today, guide.ahead.days, drawn)
        pulled = logits + guide.ahead.to_levels(weighed)
        pulled = pulled + guide.ahead.weighed_hours(self.hours(hidden), guide.clock)
        if guide.ahead.paced or self.training:
            pulled = pulled + torch.bmm(self.pace(hidden)[:, None, :], guide.pulls)[:, 0]
        return pulled.masked_fill(ruled_out(bounds, logits.shape[1]), -torch.inf)

    def _log_density(
        self, hidden: Tensor, numbers: Tensor, log_scale: Tensor | None, told: Tensor | None
    ) -> Tensor:
        scale = torch.zeros_like(numbers) if log_scale is None else log_scale
        values = numbers * torch.exp(-scale)
        raw = torch.einsum("nfw,fwk->nfk", hidden, self.mixture_weight) + self.mixture_bias
        log_weight, mean, log_sigma = self.components(raw)
        if len(self.spread) and not self.training:
            mean, log_sigma = widened(log_weight, mean, log_sigma, self.spread[:, None])
        mean = mean + self.linear_skip(values).unsqueeze(-1)
        if told is not None:
            mean = mean + (told @ self.told.T).unsqueeze(-1)
        z = (values.unsqueeze(-1) - mean) * torch.exp(-log_sigma)
        log_parts = log_weight - log_sigma - 0.5 * z.square() - 0.5 * math.log(2 * math.pi)
        density = torch.logsumexp(log_parts, dim=-1) - scale
        return self._with_rest(density, hidden, numbers) if self.resting else density

    def _with_rest(self, density: Tensor, hidden: Tensor, numbers: Tensor) -> Tensor:
        """Return log p where a number is 0 with a probability of its own."""
        logits = self.rest_logits(hidden[:, self.resting])
        moved = F.logsigmoid(-logits) + density[:, self.resting]
        rested = torch.where(numbers[:, self.resting] == 0, F.logsigmoid(logits), moved)
        return density.index_copy(1, torch.tensor(self.resting), rested)

    def rest_logits(self, hidden: Tensor) -> Tensor:
        """Return the log odds of rest, shape (n, n_resting), from their hidden units."""
        return (hidden * self.rest_weight).sum(dim=-1) + self.rest_bias

    def components(self, raw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return log weights, means and log widths of a mixture from a head's output."""
        weight, mean, width = torch.split(raw, self.mixtures, dim=-1)
        log_sigma = torch.log(F.softplus(width) + SIGMA_FLOOR)
        return F.log_softmax(weight, dim=-1), mean, log_sigma

    def linear_skip(self, values: Tensor) -> Tensor:
        """Return the linear part of each mean, from the continuous fields before it."""
        return values @ torch.tril(self.skip, -1).T


def _log_level(logits: Tensor, codes: Tensor) -> Tensor:
    target = codes.clamp(max=logits.shape[1] - 1)
    return -F.cross_entropy(logits, target, reduction="none")
