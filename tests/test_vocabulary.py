from __future__ import annotations

import json

import numpy as np

from riskgen.data.codecs.vocabulary import MOST_LEVELS, Vocabulary

TEXTS = ["a", "b", "rare"]
OWNERS = np.repeat(np.arange(30), 10)


def coded(rare_entities: int) -> np.ndarray:
    codes = np.arange(300) % 2
    codes[np.arange(rare_entities) * 10] = 2
    return codes


def test_a_level_of_ten_entities_is_other_and_of_eleven_is_kept() -> None:
    ten = Vocabulary.fit(coded(10), TEXTS, OWNERS)
    assert set(ten.texts) == {"a", "b"}
    assert "rare" not in json.dumps(ten.state())
    assert ten.decode(ten.encode(np.array([2]), TEXTS).astype(int)) == ["OTHER"]
    eleven = Vocabulary.fit(coded(11), TEXTS, OWNERS)
    assert eleven.decode(eleven.encode(np.array([2]), TEXTS).astype(int)) == ["rare"]


def test_known_levels_come_back_whatever_their_codes_are_elsewhere() -> None:
    vocabulary = Vocabulary.fit(coded(0), TEXTS, OWNERS)
    elsewhere = ["b", "unheard", "a"]
    levels = vocabulary.encode(np.array([0, 2, 0]), elsewhere).astype(int)
    assert vocabulary.decode(levels) == ["b", "a", "b"]


def test_the_unseen_becomes_the_commonest_where_nothing_was_rare_or_missing() -> None:
    codes = np.where(np.arange(300) % 3 == 0, 0, 1)
    vocabulary = Vocabulary.fit(codes, TEXTS, OWNERS)
    assert vocabulary.levels == 2
    assert vocabulary.decode(vocabulary.encode(np.array([2, -1]), TEXTS).astype(int)) == ["b", "b"]


def test_missing_values_come_back_missing() -> None:
    codes = coded(0)
    codes[::4] = -1
    vocabulary = Vocabulary.fit(codes, TEXTS, OWNERS)
    levels = vocabulary.encode(codes, TEXTS).astype(int)
    assert levels.min() == 0
    assert vocabulary.decode(levels)[:3] == [None, "b", "a"]


def test_no_more_levels_than_a_softmax_should_have() -> None:
    codes = np.tile(np.arange(200), 20)
    owners = np.repeat(np.arange(20), 200)
    texts = [f"t{number:03d}" for number in range(200)]
    assert Vocabulary.fit(codes, texts, owners).levels <= MOST_LEVELS
