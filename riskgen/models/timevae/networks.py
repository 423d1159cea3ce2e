"""Encoder and decoders of a sequence (Kingma and Welling 2014; Desai et al. 2021).

One latent z for each sequence, or window of a path. TimeVAE decodes all steps
of a window at once with transposed convolutions; sequences here are ragged and
mixed, so a recurrence takes their place. It is driven by z, the context and
the calendar, not by the events that it has drawn: given z, events know of each
other only what trackers carry (date, balance), unless ``feedback`` is set.

The label, where there is one, conditions encoder and decoder (Sohn, Lee and
Yan 2015): z is independent of it, so that any label can be asked for exactly.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from riskgen.data.panel import Field, Layout
from riskgen.models.timegan.heads import FieldHeads
from riskgen.models.timegan.reader import RowReader
from riskgen.models.timevae.config import TimeVAEConfig
from riskgen.models.timevae.sequences import SequenceBatch, n_features

SHARED_WIDTH = 64
"""Width of what z and context say to all steps [J]."""

VARIANCE_SPAN = 8.0
"""Log variances of a posterior lie within plus and minus this: exp stays finite [J]."""


SURE = -3.0
"""Log variance of a posterior when training begins [J]."""


class Encoder(nn.Module):
    """Reads a whole sequence; says where its latent lies and how surely."""

    def __init__(self, layout: Layout, config: TimeVAEConfig) -> None:
        super().__init__()
        self.events = RowReader(layout.fields, config.embedding)
        self.context = RowReader(layout.context_fields, config.embedding)
        told = self.events.width + n_features(layout)
        self.recurrence = nn.GRU(told, config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        pooled = 2 * config.hidden + self.events.width + self.context.width
        self.summary = nn.Linear(pooled, config.hidden)
        self.mean = nn.Linear(config.hidden, config.latent)
        self.spread = nn.Linear(config.hidden, config.latent)
        # Begins nearly sure: a latent that is noise at first is soon ignored for good.
        nn.init.constant_(self.spread.bias, SURE)

    def forward(self, batch: SequenceBatch) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of each posterior, shape (n_sequences, latent)."""
        rows = self.events(batch.codes, batch.numbers)
        told = self.dropout(torch.cat([rows, batch.features], dim=-1))
        hidden: Tensor = self.recurrence(told)[0]
        real = batch.real[:, :, None]
        count = real.sum(dim=0)
        # A mean of embeddings is a count of levels: tastes need no memory.
        means = [(part * real).sum(dim=0) / count for part in (hidden, rows)]
        largest = hidden.masked_fill(~real, -1.0).amax(dim=0)
        context = self.context(batch.context_codes, batch.context_numbers)
        summary = F.relu(self.summary(torch.cat([*means, largest, context], dim=1)))
        log_variance = VARIANCE_SPAN * torch.tanh(self.spread(summary) / VARIANCE_SPAN)
        return self.mean(summary), log_variance


class ContextDecoder(nn.Module):
    """Distribution of the context given z and the label."""

    def __init__(self, fields: tuple[Field, ...], config: TimeVAEConfig) -> None:
        super().__init__()
        self.given = bool(fields) and fields[0].name == "label" and fields[0].levels > 0
        # No nn.Linear: without context fields it would warn that it is empty.
        width = len(fields) * config.head_width
        self.into = nn.Parameter(torch.randn(width, config.latent) / math.sqrt(config.latent))
        self.offset = nn.Parameter(torch.randn(width) * 0.3)
        self.heads = FieldHeads(
            fields, config.embedding, config.head_width, config.mixtures, config.dropout
        )
        n_labels = fields[0].levels if self.given else 1
        self.register_buffer("label_share", torch.full((n_labels,), 1.0 / n_labels))

    @torch.no_grad()
    def start_at(self, codes: Tensor) -> None:
        """Learn the shares of labels, and let the other softmaxes begin at theirs."""
        self.heads.start_at(codes)
        if self.given:
            share = self.get_buffer("label_share")
            counts = torch.bincount(codes[:, 0], minlength=len(share))[: len(share)] + 1.0
            share.copy_(counts / counts.sum())

    def representation(self, z: Tensor) -> Tensor:
        """Return what the heads see of z, shape (n, n_fields * head_width)."""
        return F.linear(z, self.into, self.offset)

    def log_likelihood(self, z: Tensor, codes: Tensor, numbers: Tensor, applies: Tensor) -> Tensor:
        """Return log p of each context field, shape (n, n_context_fields)."""
        told = self.representation(z)
        result = self.heads.log_likelihood(told, codes, numbers, applies)
        if not self.given:
            return result
        label = torch.log(self.get_buffer("label_share"))[codes[:, :1]]
        return torch.cat([label, result[:, 1:]], dim=1)


class EventDecoder(nn.Module):
    """Distribution of each event given z, the context and what trackers say."""

    def __init__(self, layout: Layout, config: TimeVAEConfig) -> None:
        super().__init__()
        self.feedback = config.feedback
        self.context = RowReader(layout.context_fields, config.embedding)
        self.previous = RowReader(layout.fields, config.embedding)
        self.shared = nn.Linear(config.latent + self.context.width, SHARED_WIDTH)
        told = n_features(layout) + SHARED_WIDTH + self.feedback * self.previous.width
        self.recurrence = nn.GRU(told, config.hidden)
        self.start = nn.Linear(SHARED_WIDTH, config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.layer = nn.Linear(told + config.hidden, len(layout.fields) * config.head_width)
        self.heads = FieldHeads(
            layout.fields,
            config.embedding,
            config.head_width,
            config.mixtures,
            config.dropout,
            bounded=None if layout.clock is None else layout.clock.time_columns[0],
        )

    def shared_vector(self, z: Tensor, codes: Tensor, numbers: Tensor) -> Tensor:
        """Return what all steps see of z and context, shape (n, SHARED_WIDTH)."""
        told = torch.cat([z, self.context(codes, numbers)], dim=1)
        return torch.tanh(self.shared(told))

    def roll(
        self, shared: Tensor, features: Tensor, codes: Tensor, numbers: Tensor, hidden: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return representations of steps and the hidden state after them.

        Parameters
        ----------
        shared : Tensor of shape (n, SHARED_WIDTH)
            From :meth:`shared_vector`.
        features : Tensor of shape (n_steps, n, n_features)
            What is known before each event.
        codes, numbers : Tensor of shape (n_steps, n, ...)
            The event before, which only ``feedback`` looks at.
        hidden : Tensor of shape (n, hidden)
            State before the first step, at first :meth:`first_state`.
        """
        told = [features, shared.expand(len(features), -1, -1)]
        if self.feedback:
            told.append(self.previous(codes, numbers))
        inputs = torch.cat(told, dim=-1)
        states, last = self.recurrence(self.dropout(inputs), hidden[None])
        return self.layer(torch.cat([self.dropout(states), inputs], dim=-1)), last[0]

    def first_state(self, shared: Tensor) -> Tensor:
        """Return the hidden state before a sequence, shape (n, hidden)."""
        return torch.tanh(self.start(shared))

    def log_likelihood(self, z: Tensor, batch: SequenceBatch) -> Tensor:
        """Return log p of each field of each real event, shape (n_events, n_fields)."""
        shared = self.shared_vector(z, batch.context_codes, batch.context_numbers)
        before = (batch.previous_codes, batch.previous_numbers)
        told, _ = self.roll(shared, batch.features, *before, self.first_state(shared))
        real = batch.real
        rows = (batch.codes[real], batch.numbers[real], batch.applies[real])
        return self.heads.log_likelihood(told[real], *rows, guide=batch.guide)


class SequenceVAE(nn.Module):
    """Encoder and decoders together; only the decoders are ever packed."""

    def __init__(self, layout: Layout, config: TimeVAEConfig) -> None:
        super().__init__()
        self.encoder = Encoder(layout, config)
        self.contexts = ContextDecoder(layout.context_fields, config)
        self.events = EventDecoder(layout, config)
