"""Values of which nearly every row has its own: keys, tokens, remarks.

Sees samples. A measurement is near-unique without pointing at anybody, so that
numbers count only where their name says key and they are no plain counter.
"""

from __future__ import annotations

from riskgen.data.inference.words import words
from riskgen.data.personal.sample import Sample

_KEY_WORDS = frozenset(
    {"id", "no", "nr", "number", "key", "ref", "reference", "token", "hash", "uid", "uuid"}
    | {"account", "iban", "card", "pan", "contract", "policy", "serial", "imei", "nummer"}
)
# A counter fills its range; numbers given to people leave gaps [J].
_GAPS = 10


def is_prose(sample: Sample) -> bool:
    """Whether texts are remittance lines and remarks: several words, hardly ever repeated [J]."""
    lengths = [len(text.split()) for text in sample.texts]
    many_words = sum(lengths) >= 4 * len(lengths)
    return many_words and sample.n_distinct > max(0.2 * sample.n_present, 20)


def is_near_unique_key(sample: Sample) -> bool:
    """Whether whole numbers are keys of which nearly every row has its own."""
    if sample.is_text or not sample.repeats_little or words(sample.name)[-1:] == ():
        return False
    if words(sample.name)[-1] not in _KEY_WORDS:
        return False
    numbers = [int(text) for text in sample.texts]
    return max(numbers) - min(numbers) >= _GAPS * sample.n_distinct
