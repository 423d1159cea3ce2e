"""The networks of TimeGAN (Yoon, Jarrett and van der Schaar 2019), as used here.

| network       | here                                                              |
|---------------|-------------------------------------------------------------------|
| generator     | context block, input embeddings and LSTM, rolled forward          |
| supervisor    | hidden state to the representation of the next step               |
| recovery      | representation to the fields of the step, drawn one by one        |
| embedder      | the generator's recurrence, teacher-forced on real sequences      |
| discriminator | an auditor of the fitted generator, in ``auditor.py``; not packed |

The embedder shares the generator's weights: with likelihood as the objective
there is one latent space, and a second recurrence would only have to be taught
to agree with the first. Since the embedder is nothing but a way to run the
generator, nothing of it is left over to pack.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from riskgen.data.panel import Field, Layout
from riskgen.errors import RunError
from riskgen.models.domain import domain_of
from riskgen.models.timegan.config import TimeGANConfig
from riskgen.models.timegan.ending import Ending, opened
from riskgen.models.timegan.heads import FieldHeads
from riskgen.models.timegan.history import History, n_volatile
from riskgen.models.timegan.reader import RowReader
from riskgen.models.timegan.renewal import kind_column

CONTEXT_WIDTH = 48
"""Width of the context vector that every step sees [J]."""


class ContextBlock(nn.Module):
    """Draws the context of a sequence, field by field, before its first event."""

    def __init__(self, fields: tuple[Field, ...], config: TimeGANConfig) -> None:
        super().__init__()
        width = config.head_width
        self.heads = FieldHeads(fields, config.embedding, width, config.mixtures, config.dropout)
        self.start = nn.Parameter(torch.randn(len(fields) * width) * 0.3)

    def log_likelihood(self, codes: Tensor, numbers: Tensor, applies: Tensor) -> Tensor:
        """Return log p of each context field, shape (n, n_context_fields)."""
        start = self.start.expand(len(applies), -1)
        return self.heads.log_likelihood(start, codes, numbers, applies)


class GeneratorNetwork(nn.Module):
    """Reads the previous event and rolls the hidden state forward."""

    def __init__(self, layout: Layout, config: TimeGANConfig) -> None:
        super().__init__()
        self.event_reader = RowReader(layout.fields, config.embedding)
        self.context_reader = RowReader(layout.context_fields, config.embedding)
        self.history = History(n_volatile(layout))
        self.context_layer = nn.Linear(self.context_reader.width + 1, CONTEXT_WIDTH)
        n_tracked = sum(tracker.n_features for tracker in layout.tracked)
        self.n_features = self.history.n_features + self.event_reader.n_levels + n_tracked
        n_inputs = self.event_reader.width + self.n_features + CONTEXT_WIDTH
        self.recurrence = nn.LSTM(n_inputs, config.hidden)
        self.dropout = nn.Dropout(config.dropout)

    def context_vector(self, codes: Tensor, numbers: Tensor) -> Tensor:
        """Return what steps see of the context, shape (n, CONTEXT_WIDTH)."""
        # A constant column: panels without context have no other.
        told = F.pad(self.context_reader(codes, numbers), (0, 1), value=1.0)
        return torch.tanh(self.context_layer(told))

    def embed(self, codes: Tensor, numbers: Tensor, features: Tensor, context: Tensor) -> Tensor:
        """Return hidden states of real sequences: the embedder's pass.

        Parameters
        ----------
        codes, numbers : Tensor of shape (n_steps, n_sequences, n_fields of that kind)
            The event *before* each step.
        features : Tensor of shape (n_steps, n_sequences, n_features)
            History, novelty, clock and other trackers, known before the event.
        context : Tensor of shape (n_sequences, CONTEXT_WIDTH)
            From :meth:`context_vector`.

        Returns
        -------
        Tensor of shape (n_steps, n_sequences, hidden)
        """
        repeated = context.expand(len(features), -1, -1)
        inputs = torch.cat([self.event_reader(codes, numbers), features, repeated], dim=-1)
        hidden: Tensor = self.recurrence(self.dropout(inputs))[0]
        result: Tensor = self.dropout(hidden)
        return result


def n_told(layout: Layout) -> int:
    """Return how many of the last features enter the means of continuous fields linearly."""
    if domain_of(layout) != "levels":
        return 0
    return sum(tracker.n_features for tracker in layout.trackers)


class SupervisorNetwork(nn.Module):
    """Says what the next step looks like: the likelihood objective acts on it."""

    def __init__(self, layout: Layout, config: TimeGANConfig, n_features: int) -> None:
        super().__init__()
        n_inputs = config.hidden + n_features + CONTEXT_WIDTH
        # Levels name the moment of one history that they come from: told in full, they
        # would teach moments by heart (Energy, held-out nats a step: 24.34 to 23.99).
        forgets = config.dropout if domain_of(layout) == "levels" else 0.0
        self.dropout = nn.Dropout(forgets)
        self.layer = nn.Linear(n_inputs, len(layout.fields) * config.head_width)

    def forward(self, hidden: Tensor, features: Tensor, context: Tensor) -> Tensor:
        """Return the representation of the step, shape (n, n_fields * head_width)."""
        told = torch.cat([hidden, self.dropout(features), context], dim=-1)
        result: Tensor = self.layer(told)
        return result


class EventNetworks(nn.Module):
    """Generator, supervisor and recovery: all that draws events."""

    def __init__(self, layout: Layout, config: TimeGANConfig) -> None:
        super().__init__()
        layout = opened(layout)
        self.generator = GeneratorNetwork(layout, config)
        self.supervisor = SupervisorNetwork(layout, config, self.generator.n_features)
        self.recovery = FieldHeads(
            layout.fields,
            config.embedding,
            config.head_width,
            config.mixtures,
            config.dropout,
            recalls=True,
            bounded=None if layout.clock is None else layout.clock.time_columns[0],
            kind=kind_column(layout),
            steered=layout.steerings if layout.clock is not None else (),
            n_told=n_told(layout),
        )
        n_inputs = config.hidden + self.generator.n_features + CONTEXT_WIDTH
        kind = kind_column(layout)
        n_kinds = 0 if kind is None else layout.fields[kind].levels
        if layout.clock is not None:
            self.ending = Ending(n_inputs, config.head_width, n_kinds)

    @property
    def rolls(self) -> NDArray[np.int64]:
        """What weekends do to monthly returns of each kind, shape (n_kinds,)."""
        passing = self.recovery.passing
        return np.zeros(0, np.int64) if passing is None else passing.get_buffer("rolls").numpy()


def network_arrays(prefix: str, network: nn.Module) -> dict[str, NDArray[Any]]:
    """Return copies of a network's weights, named ``prefix.name``."""
    start = f"{prefix}." if prefix else ""
    return {start + name: value.numpy().copy() for name, value in network.state_dict().items()}


def load_arrays(network: nn.Module, prefix: str, arrays: dict[str, NDArray[Any]]) -> None:
    """Load what :func:`network_arrays` returned and freeze the network.

    Raises
    ------
    RunError
        When the arrays do not fit the network.
    """
    start = f"{prefix}." if prefix else ""
    weights = {
        name.removeprefix(start): torch.from_numpy(np.array(value))
        for name, value in arrays.items()
    }
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise RunError(
            "The stored weights do not fit the stored layout: names or shapes differ. "
            "The run folder was changed, or written by another version; fit again."
        ) from error
    network.eval().requires_grad_(False)
