"""The networks of Yoon, Jarrett and van der Schaar (2019), sections 4.1 and 4.2.

| paper                              | here                                             |
|------------------------------------|--------------------------------------------------|
| embedding e_S, e_X                 | :class:`Embedder`                                |
| recovery r_S, r_X                  | :class:`Recovery`                                |
| generator g_S, g_X                 | :class:`Generator`, fed with its own latents     |
| g_X(h_S, h_{t-1}, z_t) in L_S      | :meth:`Generator.supervise`, fed with real ones  |
| discriminator d_S, d_X             | :class:`Discriminator`                           |

Letters are the paper's: ``s`` static features, ``x`` temporal features, ``h_s``
and ``h`` their latents, ``z_s`` and ``z`` noise. The published code has a fifth
network, a supervisor, that corrects what a generator without feedback has made.
The paper has none: the supervised loss (equation 9) is about g_X itself, and so
it is here. The supervisor is g_X, and is stored with it.

Latents pass through a sigmoid, as in the code; the paper leaves it open. Features
are recovered linearly and clipped when they are decoded: behind a sigmoid, as in
the code, blocks of levels stay at their commonest level (32 % of a 57-level field came back right
after 300 steps on a small table of events, without a sigmoid 82 %). Tensors are time
first. Panels without context have no static part (None).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def feed_forward(n_inputs: int, hidden: int, n_outputs: int) -> nn.Sequential:
    """Return one hidden layer and a linear one."""
    return nn.Sequential(nn.Linear(n_inputs, hidden), nn.ReLU(), nn.Linear(hidden, n_outputs))


def latent_of(n_inputs: int, hidden: int) -> nn.Sequential:
    """Return :func:`feed_forward` into the latent space, [0, 1] ** hidden."""
    return nn.Sequential(feed_forward(n_inputs, hidden, hidden), nn.Sigmoid())


def beside(h_s: Tensor | None, *others: Tensor) -> Tensor:
    """Return tensors side by side, with ``h_s`` (n, hidden) repeated at every step."""
    if h_s is None:
        return torch.cat(others, dim=-1)
    return torch.cat([h_s.expand(len(others[0]), -1, -1), *others], dim=-1)


class Embedder(nn.Module):
    """h_S = e_S(s); h_t = e_X(h_S, h_{t-1}, x_t) (equation 3)."""

    def __init__(self, n_static: int, n_features: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.static = latent_of(n_static, hidden) if n_static else None
        n_inputs = n_features + (hidden if n_static else 0)
        self.recurrence = nn.GRU(n_inputs, hidden, layers)
        self.latent = nn.Sequential(nn.Linear(hidden, hidden), nn.Sigmoid())

    def forward(self, s: Tensor, x: Tensor) -> tuple[Tensor | None, Tensor]:
        """Return latents (n, hidden) and (n_steps, n, hidden)."""
        h_s = None if self.static is None else self.static(s)
        h: Tensor = self.latent(self.recurrence(beside(h_s, x))[0])
        return h_s, h


class Recovery(nn.Module):
    """s~ = r_S(h_S); x~_t = r_X(h_t) (equation 4): feed-forward at each step."""

    def __init__(self, n_static: int, n_features: int, hidden: int) -> None:
        super().__init__()
        self.static = feed_forward(hidden, hidden, n_static) if n_static else None
        self.temporal = feed_forward(hidden, hidden, n_features)

    def forward(self, h_s: Tensor | None, h: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (n, n_static) and (n_steps, n, n_features), about in [0, 1]."""
        return self.statics(h_s, h.shape[1]), self.temporal(h)

    def statics(self, h_s: Tensor | None, n: int) -> Tensor:
        """Return static features (n, n_static)."""
        if self.static is None or h_s is None:
            return torch.zeros(n, 0)
        result: Tensor = self.static(h_s)
        return result


class Generator(nn.Module):
    """h^_S = g_S(z_S); h^_t = g_X(h^_S, h^_{t-1}, z_t) (equation 5), with h_0 = 0."""

    def __init__(self, n_static: int, noise_width: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.static = latent_of(noise_width, hidden) if n_static else None
        n_inputs = noise_width + hidden + (hidden if n_static else 0)
        self.recurrence = nn.GRU(n_inputs, hidden, layers)
        self.latent = nn.Sequential(nn.Linear(hidden, hidden), nn.Sigmoid())

    def statics(self, z_s: Tensor) -> Tensor | None:
        """Return h^_S of shape (n, hidden), or None without context."""
        return None if self.static is None else self.static(z_s)

    def start(self, n: int) -> tuple[Tensor, list[Tensor]]:
        """Return h_0 = 0 and the memory of the recurrence before the first step."""
        zero = torch.zeros(n, self.recurrence.hidden_size)
        return zero, [zero] * self.recurrence.num_layers

    def step(
        self, h_s: Tensor | None, before: Tensor, z: Tensor, state: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Return g_X at one step.

        Parameters
        ----------
        h_s : Tensor of shape (n, hidden) or None
        before : Tensor of shape (n, hidden)
            The latent of the step before.
        z : Tensor of shape (n, noise_width)
        state : list of Tensor of shape (n, hidden)
            The memory of each layer; from :meth:`start` at the first step.

        Returns
        -------
        Tensor of shape (n, hidden)
            The latent of this step.
        list of Tensor
            The memory after it.
        """
        out = beside(h_s, before[None], z[None])[0]
        # Cell by cell: the same numbers as a call of the GRU, in three quarters of the time.
        kept = []
        for layer, weights in enumerate(self.recurrence.all_weights):
            out = torch.gru_cell(out, state[layer], *weights)
            kept.append(out)
        return self.latent(out), kept

    def forward(self, h_s: Tensor | None, z: Tensor) -> Tensor:
        """Return latents (n_steps, n, hidden), each step fed with the one before."""
        (before, state), steps = self.start(z.shape[1]), []
        for now in z:
            before, state = self.step(h_s, before, now, state)
            steps.append(before)
        return torch.stack(steps)

    def supervise(self, h_s: Tensor | None, h: Tensor, z: Tensor) -> Tensor:
        """Return g_X(h_S, h_{t-1}, z_t) at every step, fed with the latents ``h``."""
        before = torch.cat([torch.zeros_like(h[:1]), h[:-1]])
        result: Tensor = self.latent(self.recurrence(beside(h_s, before, z))[0])
        return result


class Discriminator(nn.Module):
    """y_S = d_S(h_S); y_t = d_X(u_t forwards, u_t backwards) (equation 6), as logits."""

    def __init__(self, n_static: int, hidden: int, layers: int) -> None:
        super().__init__()
        n_inputs = hidden + (hidden if n_static else 0)
        self.static = feed_forward(hidden, hidden, 1) if n_static else None
        self.forwards = nn.GRU(n_inputs, hidden, layers)
        self.backwards = nn.GRU(n_inputs, hidden, layers)
        self.verdict = nn.Linear(2 * hidden, 1)

    def forward(
        self, h_s: Tensor | None, h: Tensor, lengths: Tensor
    ) -> tuple[Tensor | None, Tensor]:
        """Return logits (n,) and (n_steps, n); those after a sequence's end mean nothing.

        Parameters
        ----------
        h_s : Tensor of shape (n, hidden) or None
        h : Tensor of shape (n_steps, n, hidden)
        lengths : Tensor of shape (n,), int64
            Steps of each sequence; the backward recurrence begins at its end.
        """
        inputs = beside(h_s, h)
        onwards: Tensor = self.forwards(inputs)[0]
        back: Tensor = self.backwards(_reversed(inputs, lengths))[0]
        both = torch.cat([onwards, _reversed(back, lengths)], dim=-1)
        y: Tensor = self.verdict(both)[..., 0]
        return None if self.static is None else self.static(h_s)[:, 0], y


def _reversed(steps: Tensor, lengths: Tensor) -> Tensor:
    """Reverse each sequence within its own length; twice is once not at all."""
    place = torch.arange(len(steps))[:, None]
    index = torch.where(place < lengths, lengths - 1 - place, place)
    return steps.gather(0, index[..., None].expand_as(steps))


class Networks(nn.Module):
    """All four pairs, with the widths of one panel."""

    def __init__(
        self, n_static: int, n_features: int, *, hidden: int, layers: int, noise_width: int
    ) -> None:
        super().__init__()
        self.embedder = Embedder(n_static, n_features, hidden, layers)
        self.recovery = Recovery(n_static, n_features, hidden)
        self.generator = Generator(n_static, noise_width, hidden, layers)
        self.discriminator = Discriminator(n_static, hidden, layers)
