"""The options of TimeGAN 2019: what the paper says, and what only its code does.

Knows no network and no data.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from riskgen.errors import RiskgenError

Noise = Literal["wiener", "gaussian", "uniform"]


@dataclass(frozen=True)
class TimeGAN2019Config:
    """How the networks are shaped and trained.

    "Paper" is Yoon, Jarrett and van der Schaar (NeurIPS 2019); "code" is what
    its authors published beside it and the paper does not mention.

    Attributes
    ----------
    hidden : int
        Width of recurrences and latents; 24, as in the code.
    layers : int
        GRU layers of each recurrence; 3, as in paper and code.
    noise : str
        What the generator's temporal noise is: ``wiener`` (paper, section 4.2),
        ``gaussian``, or ``uniform`` (code). Static noise is Gaussian (paper), or
        uniform where this is ``uniform``.
    noise_width : int
        Width of a noise vector; paper and code leave it open [J].
    window : int
        Steps of a training window where panels are long paths; the paper's 24.
    longest : int
        Events of a longer customer history that are trained on: its first ones.
        The generator starts at h_0 = 0, so a window inside would teach it to
        begin in the middle. The cost of a step grows with the longest [J].
    batch : int
        Sequences in a step; 128, as in the code.
    learning_rate : float
        Of Adam, for all networks; 1e-3, as in the code.
    embedding_loss : float
        Weight lambda of the supervised loss for embedder and recovery; 1 (paper).
    generator_loss : float
        Weight eta of the supervised loss for the generator; 10 (paper).
    moments : float
        Weight of the two-moments loss of the code, there 100; 0 is the paper.
    threshold : float
        The discriminator rests while its loss per decision is at most this;
        .15 in the code, 0 is the paper.
    generator_updates : int
        Updates of generator, embedder and recovery for one of the
        discriminator; 2 in the code, 1 is the paper.
    minimax : bool
        Whether the generator minimises log(1 - y) as the paper writes; otherwise
        it maximises log y (code; Goodfellow et al. 2014, section 3): the same
        fixed point, with a gradient while the discriminator wins.
    steps : int
        Steps of all phases together. The code takes 30,000 and more, which is
        hours; this is minutes [J].
    embedding_share, supervised_share : float
        Share of steps (and seconds) of the two phases before the joint one; a
        third each in the code, 0 is the paper.
    max_seconds : float or None
        Wall-clock limit of training; gives up same seed, same weights.
    """

    hidden: int = 24
    layers: int = 3
    noise: Noise = "wiener"
    noise_width: int = 24
    window: int = 24
    longest: int = 96
    batch: int = 128
    learning_rate: float = 1e-3
    embedding_loss: float = 1.0
    generator_loss: float = 10.0
    moments: float = 100.0
    threshold: float = 0.15
    generator_updates: int = 2
    minimax: bool = False
    steps: int = 3000
    embedding_share: float = 1 / 3
    supervised_share: float = 1 / 3
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no training could follow."""
        if self.generator_updates < 1 or self.steps < 1:
            raise RiskgenError(
                f"{self.steps} steps with {self.generator_updates} generator updates each were "
                "asked for. Ask for at least 1 of both."
            )
        if self.noise not in ("wiener", "gaussian", "uniform"):
            raise RiskgenError(
                f"Noise '{self.noise}' is unknown. Use 'wiener', 'gaussian' or 'uniform'."
            )
        early = self.embedding_share + self.supervised_share
        if min(self.embedding_share, self.supervised_share) < 0 or early >= 1:
            raise RiskgenError(
                f"The shares of the first two phases are {self.embedding_share:.2f} and "
                f"{self.supervised_share:.2f}. Give shares of at least 0 that leave some steps "
                "for the joint phase."
            )

    def to_json(self) -> dict[str, Any]:
        """Return the options as JSON values."""
        return asdict(self)
