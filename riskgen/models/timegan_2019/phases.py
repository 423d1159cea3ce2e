"""What is minimised in each phase, and by which networks.

Section 4.3 of Yoon, Jarrett and van der Schaar (2019), "Optimization" (equations
10 and 11), trains everything at once:

    min over embedder and recovery of   lambda L_S + L_R
    min over generator of               eta L_S + max over discriminator of L_U

That is the joint phase here. The two phases before it are of the published
code: *embedding* (L_R, embedder and recovery) and *supervised* (L_S, generator
only). An optimiser holds the parameters of its own networks, and what a loss is
not to change enters it detached.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from riskgen.errors import TrainingError
from riskgen.models.timegan_2019.batches import Batch
from riskgen.models.timegan_2019.config import TimeGAN2019Config
from riskgen.models.timegan_2019.losses import (
    fooling,
    reconstruction,
    supervised,
    two_moments,
    unsupervised,
)
from riskgen.models.timegan_2019.networks import Networks

PHASES = ("embedding", "supervised", "joint")


class Updates:
    """The networks, their optimisers and one method for each kind of update.

    Methods return losses in units of the phase's objective for one sequence.
    """

    def __init__(self, networks: Networks, config: TimeGAN2019Config) -> None:
        self.networks, self.config = networks, config
        coding = [*networks.embedder.parameters(), *networks.recovery.parameters()]
        groups: dict[str, list[nn.Parameter]] = {
            "coding": coding,
            "generator": list(networks.generator.parameters()),
            "discriminator": list(networks.discriminator.parameters()),
        }
        self.optimisers = {
            name: torch.optim.Adam(group, lr=config.learning_rate) for name, group in groups.items()
        }

    def embedding(self, batch: Batch) -> float:
        """Minimise L_R over embedder and recovery."""
        return self._descend("coding", self.coding_loss(batch, 0.0))

    def supervised(self, batch: Batch) -> float:
        """Minimise L_S over the generator: latents are what they are."""
        return self._descend("generator", self.dynamics_loss(batch))

    def joint(self, batches: list[Batch]) -> float:
        """Minimise both objectives, the generator's and embedder's once for each batch.

        The discriminator learns from the last batch, and rests while it is
        ahead. Returns the last lambda L_S + L_R: the adversarial part has no
        direction in which it should go.
        """
        for batch in batches:
            coding = self._descend("coding", self.coding_loss(batch, self.config.embedding_loss))
            self._descend("generator", self.generator_loss(batch))
        loss = self.discriminator_loss(batches[-1])
        if float(loss.detach()) / decisions(batches[-1]) > self.config.threshold:
            self._descend("discriminator", loss)
        return coding

    def coding_loss(self, batch: Batch, weight: float) -> Tensor:
        """Return ``weight`` L_S + L_R, a function of embedder and recovery.

        L_S moves the embedder alone: the target, the latent before it and h_S.
        """
        nets = self.networks
        h_s, h = nets.embedder(batch.s, batch.x)
        s_again, x_again = nets.recovery(h_s, h)
        loss = reconstruction(batch.s, batch.x, s_again, x_again, batch.real)
        if weight:
            loss = loss + weight * supervised(
                h, nets.generator.supervise(h_s, h, batch.z), batch.real
            )
        return loss

    def dynamics_loss(self, batch: Batch) -> Tensor:
        """Return L_S, a function of the generator's g_X."""
        h_s, h = self._embedded(batch)
        return supervised(h, self.networks.generator.supervise(h_s, h, batch.z), batch.real)

    def generator_loss(self, batch: Batch) -> Tensor:
        """Return eta L_S + L_U (+ two moments), a function of the generator."""
        nets, config = self.networks, self.config
        h_s = nets.generator.statics(batch.z_s)
        h = nets.generator(h_s, batch.z)
        made_s, made = nets.discriminator(h_s, h, batch.lengths)
        loss = fooling(made_s, made, batch.real, minimax=config.minimax)
        loss = loss + config.generator_loss * self.dynamics_loss(batch)
        if config.moments:
            s_made, x_made = nets.recovery(h_s, h)
            loss = loss + config.moments * two_moments(batch.x, x_made, batch.real)
            if h_s is not None:
                once = torch.ones(1, len(batch.s))
                static = two_moments(batch.s[None], s_made[None], once)
                loss = loss + config.moments * static
        return loss

    def discriminator_loss(self, batch: Batch) -> Tensor:
        """Return -L_U, a function of the discriminator."""
        nets = self.networks
        h_s, h = self._embedded(batch)
        with torch.no_grad():
            made_s = nets.generator.statics(batch.z_s)
            made = nets.generator(made_s, batch.z)
        y_s, y = nets.discriminator(h_s, h, batch.lengths)
        fake_s, fake = nets.discriminator(made_s, made, batch.lengths)
        return unsupervised(y_s, y, fake_s, fake, batch.real)

    @torch.no_grad()
    def _embedded(self, batch: Batch) -> tuple[Tensor | None, Tensor]:
        h_s, h = self.networks.embedder(batch.s, batch.x)
        return h_s, h

    def _descend(self, name: str, loss: Tensor) -> float:
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(
                f"Training diverged: the loss of the {name} was {value}. Nothing was saved. "
                "Try a smaller learning rate, or look for extreme values in the table."
            )
        optimiser = self.optimisers[name]
        mine = [p for group in optimiser.param_groups for p in group["params"]]
        # Other networks take part in the loss: their gradients are not even made.
        grads = torch.autograd.grad(loss, mine, allow_unused=True)
        for parameter, grad in zip(mine, grads, strict=True):
            parameter.grad = grad
        optimiser.step()
        return value


def decisions(batch: Batch) -> float:
    """Return how many pairs of verdicts there are for a sequence, on average."""
    return float(batch.real.sum() / batch.real.shape[1]) + float(batch.s.shape[1] > 0)
