"""The detector that riskgen brings itself: trees that learned the generator's part.

Knows events and features, not what happens to customers afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from riskgen.data.events import Events
from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.alerts import Floats
from riskgen.evaluate.detection.detector import Detector, fewer_negatives, fit_detector
from riskgen.evaluate.features.rows import Lens

NAME = "gradient-boosted trees, learned from the real events of the generator's part"


@dataclass(frozen=True, eq=False)
class Taught:
    """A detector with the features that it sees events by."""

    lens: Lens = field(repr=False)
    model: Detector = field(repr=False)

    @classmethod
    def of(cls, split: Split, *, seed: int) -> Taught:
        """Learn from the real events of ``split.generator``.

        Raises
        ------
        NotApplicable
            When there are not two labelled customers, or no other ones.
        """
        fraud = split.generator.entity_label()
        if int(fraud.sum()) < 2 or fraud.all():
            raise NotApplicable(
                f"{int(fraud.sum())} of {len(fraud)} customers to learn from are labelled; a "
                "detector needs both kinds. Bring your own with --scores or --detector."
            )
        lens = Lens.of(split.generator)
        rows = lens.rows(split.generator)
        kept, weights = fewer_negatives(rows.labels, seed=seed)
        fitted = fit_detector(rows.features[kept], rows.labels[kept], weights, seed=seed)
        return cls(lens, fitted)

    def score(self, events: Events) -> Floats:
        """Return the log-odds of each event."""
        return self.model.score(self.lens.features(events))
