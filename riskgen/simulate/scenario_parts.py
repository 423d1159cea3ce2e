"""The parts of a stress scenario, a model each; unknown keys are errors.

Says what a file may hold; :mod:`riskgen.simulate.scenario` puts the parts together.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator, model_validator

from riskgen.simulate.condition import Op, parse_condition
from riskgen.simulate.severity import Source

Typology = Literal[
    "account_takeover",
    "card_testing",
    "bust_out",
    "mule",
    "structuring",
    "merchant_collusion",
    "first_party",
    "app_scam",
    "synthetic_identity",
    "credit_crisis",
    "pandemic",
    "rates_shock",
    "correlation_breakdown",
    "liquidity",
    "vol_spike",
    "supervisory",
]
RoleName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_ .-]{0,99}$")]
Constraint = Literal["balance_nonnegative", "monotone_time", "vocab_closed", "conservation"]


class Part(BaseModel):
    """A part of a scenario file: frozen, closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(Part):
    """What is written on affected events."""

    fraud: Literal[0, 1]
    typology: Typology | None = None


class Population(Part):
    """Who is touched: a share of the entities for which ``where`` holds."""

    where: str = ""
    share: float = Field(gt=0, le=1)
    unit: Literal["entity"] = "entity"

    @field_validator("where")
    @classmethod
    def _where_can_be_read(cls, text: str) -> str:
        parse_condition(text)
        return text


class Duration(Part):
    """Lognormal duration in hours, by its median and 95th percentile."""

    dist: Literal["lognormal"] = "lognormal"
    median: float = Field(gt=0)
    p95: float = Field(gt=0)

    @model_validator(mode="after")
    def _percentile_is_above_the_median(self) -> Duration:
        if self.p95 < self.median:
            raise ValueError("p95 lies below the median")
        return self


class Window(Part):
    """When it happens: hours for transactions, trading days for markets."""

    start: Literal["random", "first"] = "random"
    duration_h: Duration | None = None
    duration_d: float | None = Field(default=None, gt=0)


class View(Part):
    """A view that reweighting must meet, at severity 1.

    With a ``value`` the mean over paths is meant, with a ``quantile`` alone the paths
    beyond that quantile of the base, with both the chance to stay below the value.

    Attributes
    ----------
    stat : str
        Statistic of a path.
    asset : str or None
        Asset or role that it is of; the equal-weighted index when None.
    pair : tuple of str or None
        Assets or roles, for a correlation.
    source : Source or None
        Who says so.
    """

    stat: str
    op: Literal["=", ">=", "<="]
    value: float | None = None
    quantile: float | None = Field(default=None, ge=0, le=1)
    asset: str | None = None
    pair: tuple[str, str] | None = None
    source: Source | None = None


class EffectiveSize(Part):
    """Least effective number of scenarios after reweighting."""

    kish: float = Field(gt=0)
    frac: float = Field(gt=0, le=1)


class Plausibility(Part):
    """How far from the data the outcome may lie before a warning."""

    features: tuple[str, ...] = ()
    measure: Literal["mahalanobis", "relative_entropy", "both"] = "mahalanobis"
    max_quantile: float = Field(default=0.999, gt=0, lt=1)
    min_ess: EffectiveSize | None = None


class When(Part):
    """The severity at which an assertion is asked."""

    s: float = Field(ge=0, le=1)


class Assertion(Part):
    """A statement about the output that must hold."""

    stat: str
    when: When | None = None
    op: Op
    value: StrictBool | float


class Calibration(Part):
    """What the parameters were fitted on."""

    fitted_on: Literal["none", "GEN"] = "none"


class Governance(Part):
    """Who answers for the scenario."""

    owner: str = ""
    expert_plausibility: int | None = Field(default=None, ge=1, le=5)
    approved: str | None = None
    version: int = Field(default=1, ge=1)
