from __future__ import annotations

import json

import numpy as np

from riskgen.data.encoding import EventEncoder
from riskgen.data.events import Events


def test_a_saved_encoder_decodes_the_same_events(tiny_events: Events) -> None:
    encoder = EventEncoder.fit(tiny_events)
    copy = EventEncoder.from_state(json.loads(json.dumps(encoder.state())))
    panel = encoder.encode(tiny_events)
    assert copy.layout.fields == encoder.layout.fields
    assert copy.layout.context_fields == encoder.layout.context_fields
    assert copy.decode(panel).frame.equals(encoder.decode(panel).frame)


def test_decoded_columns_have_the_fitted_names_and_types(tiny_events: Events) -> None:
    encoder = EventEncoder.fit(tiny_events)
    decoded = encoder.decode(encoder.encode(tiny_events))
    assert decoded.frame.schema == tiny_events.frame.schema
    assert np.array_equal(decoded.offsets, tiny_events.offsets)


def test_features_of_a_panel_equal_stepping_through_it(tiny_events: Events) -> None:
    encoder = EventEncoder.fit(tiny_events)
    panel = encoder.encode(tiny_events)
    clock = encoder.clock
    whole = clock.features_of(panel)
    assert whole.shape == (tiny_events.n_events, clock.n_features)
    for entity in range(panel.n_sequences):
        state = clock.start(panel.context[entity : entity + 1])
        for row in range(panel.offsets[entity], panel.offsets[entity + 1]):
            assert np.array_equal(clock.features(state)[0], whole[row])
            state = clock.advance(state, panel.values[row : row + 1])
