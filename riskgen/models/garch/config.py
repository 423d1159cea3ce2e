"""The options of the GARCH generator, each in one place. Knows no data."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

from riskgen.data.schema import unknown_name
from riskgen.errors import RiskgenError

Kind = Literal["gjr", "garch"]
Innovations = Literal["filtered", "student"]


@dataclass(frozen=True)
class GarchConfig:
    """Options of :class:`Garch`.

    Attributes
    ----------
    volatility : str
        ``gjr`` lets losses raise volatility more than gains do (Glosten,
        Jagannathan and Runkle 1993); ``garch`` treats them alike (Bollerslev 1986).
    innovations : str
        ``filtered`` draws whole days of standardised residuals again
        (Barone-Adesi, Giannopoulos and Vosper 1999); ``student`` draws a
        correlated t, for histories too short to be drawn again.
    steady : bool
        Weaken the reaction to news, at the same persistence, where simulated
        variance would vary more than history's; False simulates the likeliest
        coefficients, whose fourth moment is often infinite.
    fewest_days : int
        Below it nothing is learned. Estimates of GARCH(1,1) are badly biased
        under 500 observations (Hwang and Valls Pereira 2006).
    """

    volatility: Kind = "gjr"
    innovations: Innovations = "filtered"
    steady: bool = True
    fewest_days: int = 500

    def __post_init__(self) -> None:
        """Check the options.

        Raises
        ------
        RiskgenError
            When a name is unknown or the fewest days are below two.
        """
        kinds = {"volatility": get_args(Kind), "innovations": get_args(Innovations)}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in kinds and value not in kinds[item.name]:
                raise RiskgenError(unknown_name(item.name, str(value), sorted(kinds[item.name])))
        if self.fewest_days < 2:
            raise RiskgenError(
                f"fewest_days is {self.fewest_days}, and a variance needs 2 days. Leave it at 500."
            )
