"""Which days a generator learns from, which judge it, and which come last.

Markets have no entities, so the partition is by time alone (PROTOCOL 0.1).
"""

from __future__ import annotations

from dataclasses import dataclass

from riskgen.data.market.prices import Prices
from riskgen.errors import DataError

# The last fifth of time is the future, as PROTOCOL 0.1 has it for events [J].
TEST_SHARE = 0.2
# TimeGAN's window, so that no window overlaps two parts (Lopez de Prado 2018, ch. 7).
EMBARGO = 24
# A cycle is two years to learn and one to judge: long enough for volatility
# clustering up to 100 lags inside a block, short enough that calm and crisis
# fall on both sides [J].
GENERATOR_BLOCK, CONTROL_BLOCK = 500, 250


@dataclass(frozen=True, eq=False)
class PriceSplit:
    """Days that never share a return.

    Attributes
    ----------
    generator : Prices
        Everything fitted sees these days only.
    control : Prices
        Days of the same years, never used to fit: the real side of every
        comparison, and, against ``generator``, its noise floor.
    test : Prices
        The last fifth of time, for forecasts.
    embargo : int
        Days left out between any two parts.
    reason : str
        How the days were chosen, for the report.
    """

    generator: Prices
    control: Prices
    test: Prices
    embargo: int
    reason: str

    def hashes(self) -> dict[str, str]:
        """Return the sha256 of each part, for the manifest."""
        parts = {"generator": self.generator, "control": self.control, "test": self.test}
        return {name: prices.digest() for name, prices in parts.items()}


def split_prices(prices: Prices, *, embargo: int = EMBARGO) -> PriceSplit:
    """Partition the days of one unbroken price history.

    Generator and control alternate in blocks (500 and 250 days where the
    history is long enough) rather than one following the other: a noise floor
    between two different regimes would be so wide that any generator passes.
    ``embargo`` days are left out at every border.

    Raises
    ------
    DataError
        When the history is too short for three parts with the embargo between.
    """
    n_test = round(prices.n_days * TEST_SHARE)
    history = prices.n_days - n_test - embargo
    cycles = max(1, round((history + embargo) / (GENERATOR_BLOCK + CONTROL_BLOCK + 2 * embargo)))
    usable = history - embargo * (2 * cycles - 1)
    if usable < 6 * cycles or n_test < 2:
        raise DataError(
            f"The price history is too short to split: {prices.n_days} days with an embargo of "
            f"{embargo} days between the parts. Use a longer history or a shorter window."
        )
    generator, control = _blocks(usable, cycles, embargo)
    return PriceSplit(
        generator=prices.rows(generator),
        control=prices.rows(control),
        test=prices.rows([(prices.n_days - n_test, prices.n_days)]),
        embargo=embargo,
        reason=_reason(cycles, embargo),
    )


def _blocks(
    usable: int, cycles: int, embargo: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return alternating stretches of rows, ``embargo`` rows apart."""
    share = GENERATOR_BLOCK / (GENERATOR_BLOCK + CONTROL_BLOCK)
    borders = [round(usable * (c + part) / cycles) for c in range(cycles) for part in (0, share)]
    borders.append(usable)
    shifted = [(borders[i] + i * embargo, borders[i + 1] + i * embargo) for i in range(2 * cycles)]
    return shifted[::2], shifted[1::2]


def _reason(cycles: int, embargo: int) -> str:
    return (
        f"by time: {cycles} blocks to learn from and {cycles} to judge by, alternating, then the "
        f"last {TEST_SHARE:.0%} as the future; {embargo} days left out at every border"
    )
