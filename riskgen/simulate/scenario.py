"""Stress scenarios: the YAML of ``riskgen.scenario/v1`` (PROTOCOL E6), typed.

Says what goes wrong and how badly, not how it is done: mechanisms read it.
Unknown keys are errors; a file can run no code and cannot blow up in memory.
"""

from __future__ import annotations

import difflib
from collections import Counter
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from riskgen.data.schema import first_problem
from riskgen.errors import ScenarioError
from riskgen.simulate.scenario_parts import (
    Assertion,
    Calibration,
    Constraint,
    Duration,
    EffectiveSize,
    Governance,
    Label,
    Part,
    Plausibility,
    Population,
    RoleName,
    Typology,
    View,
    When,
    Window,
)
from riskgen.simulate.severity import Parameter, Severity, Source

MAX_BYTES = 256_000
Model = TypeVar("Model", bound=BaseModel)


class StressScenario(Part):
    """A stress scenario as its file declares it.

    Attributes
    ----------
    id, title : str
        Name and one line of explanation.
    domain : str
        ``transactions`` or ``market``.
    typology : str or None
        What goes wrong; a transplant without one takes all cases of the label.
    mechanism : str
        How it is brought about.
    population : Population or None
        Who is touched; transactions only.
    roles : dict of str to str
        What the table needs (``required``) or is used where it has it (``optional``).
    columns : dict of str to str
        Column that plays a role, where the schema does not say so.
    parameters : dict of str to Parameter
        What changes, from severity 0 to 1.
    targets : tuple of str
        Statistics of the whole table that it means to move: meanings or names of
        columns, ``hour``, ``weekday``, ``gap``, ``length``; others are collateral.
    assertions : tuple of Assertion
        Under the key ``assert`` in the file.
    """

    schema_: Literal["riskgen.scenario/v1"] = Field(alias="schema")
    id: str = Field(pattern=r"^[a-z0-9_]{3,40}$")
    title: str = Field(min_length=1, max_length=200)
    domain: Literal["transactions", "market"]
    typology: Typology | None = None
    label: Label | None = None
    mechanism: Literal["reweight", "condition", "transform", "transplant"]
    population: Population | None = None
    roles: dict[RoleName, Literal["required", "optional"]] = Field(default_factory=dict)
    columns: dict[RoleName, str] = Field(default_factory=dict)
    window: Window = Window()
    severity: Severity
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    targets: tuple[str, ...] = ()
    views: tuple[View, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    plausibility: Plausibility = Plausibility()
    assertions: tuple[Assertion, ...] = Field(default=(), alias="assert")
    calibration: Calibration = Calibration()
    references: tuple[str, ...] = ()
    governance: Governance = Governance()

    @model_validator(mode="after")
    def _fits_its_domain(self) -> StressScenario:
        if self.domain == "transactions" and self.population is None:
            raise ValueError("a transactions scenario needs a population")
        if not self.parameters and not (self.mechanism == "reweight" and self.views):
            raise ValueError("'parameters' are missing; only a reweighting may have views instead")
        if self.typology is None and self.mechanism != "transplant":
            raise ValueError(f"'typology' is missing; a {self.mechanism} must say what goes wrong")
        return self

    @property
    def hypothetical(self) -> bool:
        """Whether the outcome has support that the data do not show (PROTOCOL E1)."""
        return self.mechanism in ("transform", "transplant")

    def value(self, name: str, severity: float, data: float | None = None) -> float:
        """Return parameter ``name`` at ``severity``; ``data`` where ``at0`` is null."""
        return self.parameters[name].at(severity, self.severity.gamma, data)

    def source_ledger(self) -> dict[str, float]:
        """Return the share of parameters and views by kind of source, in [0, 1]."""
        sources = [parameter.source for parameter in self.parameters.values()]
        sources += [view.source for view in self.views if view.source is not None]
        kinds = Counter(source.kind for source in sources)
        return {kind: count / len(sources) for kind, count in sorted(kinds.items())}


def read_text(path: Path) -> str:
    """Return what a scenario file says.

    Raises
    ------
    ScenarioError
        When the file is missing, larger than 256 kB or not text.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ScenarioError(f"Scenario '{path}' is larger than {MAX_BYTES // 1000} kB.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ScenarioError(f"Scenario '{path}' cannot be read: {reason}.") from error


def read_scenario(path: Path) -> StressScenario:
    """Read a scenario file; raises as :func:`read_text` and :func:`parse_scenario`."""
    return parse_scenario(read_text(path), str(path))


def parse_scenario(text: str, name: str) -> StressScenario:
    """Read a scenario from text; ``name`` is what errors call it.

    Raises
    ------
    ScenarioError
        In one line: it is not YAML, uses aliases, or says something that a
        scenario cannot say.
    """
    return parsed(text, name, StressScenario)


def parsed(text: str, name: str, kind: type[Model]) -> Model:
    """Read ``text`` as one kind of scenario file; raises as :func:`parse_scenario`."""
    try:
        return kind.model_validate(document(text, name))
    except ValidationError as error:
        raise ScenarioError(f"Scenario '{name}': {_explain(error, kind)}") from error


def document(text: str, name: str) -> dict[str, Any]:
    """Return the keys and values of a scenario file; ScenarioError when it is not YAML."""
    try:
        found = yaml.load(text, Loader=_PlainLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ScenarioError(f"Scenario '{name}' is not valid YAML: {_place(error)}.") from error
    if not isinstance(found, dict):
        raise ScenarioError(f"Scenario '{name}' does not hold keys and values.")
    return found


class _PlainLoader(yaml.SafeLoader):
    """Safe loading without aliases (they can grow without bound) and double keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        double = next((key for key, count in Counter(map(str, keys)).items() if count > 1), None)
        if double is not None:
            problem = f"the key '{double}' stands twice"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it is nested too deeply"
    return f"{problem} (line {mark.line + 1})" if mark is not None else str(problem)


_PARTS: dict[str, type[BaseModel]] = {
    "label": Label,
    "population": Population,
    "window": Window,
    "duration_h": Duration,
    "severity": Severity,
    "parameters": Parameter,
    "source": Source,
    "views": View,
    "plausibility": Plausibility,
    "min_ess": EffectiveSize,
    "assert": Assertion,
    "when": When,
    "calibration": Calibration,
    "governance": Governance,
}


def _explain(error: ValidationError, kind: type[BaseModel]) -> str:
    """Return the first complaint in one line; an unknown key brings the nearest known one."""
    unknown = [item for item in error.errors() if item["type"] == "extra_forbidden"]
    if not unknown:
        return first_problem(error).replace("Value error, ", "")
    *above, key = [str(part) for part in unknown[0]["loc"]]
    part = next((_PARTS[item] for item in reversed(above) if item in _PARTS), kind)
    known = [field.alias or name for name, field in part.model_fields.items()]
    nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    hint = f"Did you mean '{nearest[0]}'?" if nearest else f"Known: {', '.join(known)}."
    place = f" in '{'.'.join(above)}'" if above else ""
    return f"unknown key '{key}'{place}. {hint}"
