"""The closed list of generators: a run's manifest names one of these keys."""

from __future__ import annotations

from typing import Any

from riskgen.data.schema import unknown_name
from riskgen.errors import RiskgenError
from riskgen.models.base import Generator
from riskgen.models.bootstrap import Bootstrap
from riskgen.models.ensemble import Ensemble
from riskgen.models.garch.garch import Garch
from riskgen.models.injector import Injector
from riskgen.models.par.par import PAR
from riskgen.models.timegan.timegan import TimeGAN
from riskgen.models.timegan_2019.timegan_2019 import TimeGAN2019
from riskgen.models.timevae.timevae import TimeVAE

GENERATORS: dict[str, type[Generator]] = {
    "timegan": TimeGAN,
    "timegan-2019": TimeGAN2019,
    "bootstrap": Bootstrap,
    "ensemble": Ensemble,
    "injector": Injector,
    "par": PAR,
    "timevae": TimeVAE,
    "garch": Garch,
}


def generator_type(key: str) -> type[Generator]:
    """Return the class of the generator called ``key``.

    Raises
    ------
    RiskgenError
        When there is no such generator; lists the known ones.
    """
    if key not in GENERATORS:
        raise RiskgenError(unknown_name("generator", key, sorted(GENERATORS)))
    return GENERATORS[key]


def create(key: str, **options: Any) -> Generator:
    """Return a new, unfitted generator; ``options`` are fields of its config.

    Raises
    ------
    RiskgenError
        When the generator or an option is unknown.
    """
    kind = generator_type(key)
    try:
        return kind(**options)
    except TypeError as error:
        raise RiskgenError(f"Generator '{key}' does not take these options: {error}.") from error
