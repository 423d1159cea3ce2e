"""The detector that riskgen brings itself: trees that learned the generator's part.

Knows partitions, not what happens to customers afterwards.
"""

from __future__ import annotations

from riskgen.data.split import Split
from riskgen.errors import NotApplicable
from riskgen.evaluate.detection.boosted_trees import BoostedTrees
from riskgen.evaluate.detection.lesson import Lesson, Scorer

NAME = "gradient-boosted trees, learned from the real events of the generator's part"


def taught(split: Split, *, seed: int) -> Scorer:
    """Return trees that learned the real events of ``split.generator``.

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
    return BoostedTrees().fit([Lesson.whole(split.generator)], seed=seed)
