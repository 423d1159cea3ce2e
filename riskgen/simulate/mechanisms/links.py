"""What members of a ring have in common: an address, a phone, else a device."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riskgen.simulate.mechanisms.accounts import Accounts, Flags, Floats, Ints
from riskgen.simulate.mechanisms.burst import Texts
from riskgen.simulate.mechanisms.dial import Dial
from riskgen.simulate.mechanisms.habits import Habits, fresh_ids
from riskgen.simulate.mechanisms.rings import Ringed
from riskgen.simulate.roles import player

_TURN = 998  # number of the ring's device among the fresh ones of its first member


@dataclass(frozen=True, eq=False)
class Links:
    """Who is linked with the ring, by what.

    Attributes
    ----------
    linked : ndarray of shape (k,), bool, or None
        Members who share; None where the table has nothing to share.
    context : mapping of column to (entities, values)
        Addresses and phones, for :class:`~riskgen.simulate.mechanisms.burst.Edits`.
    devices : list of str or None
        Device of each member where it is the ring's; empty when devices stay.
    """

    linked: Flags | None = field(repr=False)
    context: Texts = field(repr=False)
    devices: list[str | None] = field(repr=False)

    def measure(self, ring: Ints) -> dict[str, Floats]:
        """Return the share of each ring that is linked, and the density of its graph.

        Two members are joined when both share: ``m (m - 1) / (n (n - 1))`` of
        all pairs, for ``m`` of ``n``.
        """
        if self.linked is None:
            return {}
        size = np.bincount(ring).astype(np.float64)
        sharing = np.bincount(ring, self.linked)
        pairs = np.maximum(size * (size - 1), 1)
        return {
            "link_share": (sharing / size)[ring],
            "ring_density": (sharing * np.maximum(sharing - 1, 0) / pairs)[ring],
        }


def links(accounts: Accounts, dial: Dial, chosen: Ringed, wanted: Flags) -> Links:
    """Let the ``wanted`` (k,) members of each ring share what the table has of it."""
    schema = accounts.events.schema
    found = (player("address", schema), player("phone", schema))
    columns = [name for name in found if name is not None]
    if columns:
        context = {name: _first_members(accounts, chosen, name, wanted) for name in columns}
        return Links(wanted, context, [])
    device = next((c for c in schema.with_role("channel") if c.meaning == "device"), None)
    if device is None:
        dial.leave_out("link_share", "no address, phone or device; they act together only")
        return Links(None, {}, [])
    dial.note("link_share", "no address or phone; one device for the ring")
    return Links(wanted, {}, _devices(Habits.of(accounts.events, device.name), chosen, wanted))


def _heads(chosen: Ringed) -> Ints:
    """Return for each member the place of its ring's first member."""
    first = np.flatnonzero(np.diff(chosen.ring, prepend=-1) > 0)
    return np.asarray(first[chosen.ring], dtype=np.int64)


def _first_members(
    accounts: Accounts, chosen: Ringed, column: str, wanted: Flags
) -> tuple[Ints, list[str | None]]:
    texts = accounts.events.texts(column)
    values = texts[accounts.events.offsets[chosen.entity[_heads(chosen)]]][wanted].tolist()
    return chosen.entity[wanted], values


def _devices(habits: Habits, chosen: Ringed, wanted: Flags) -> list[str | None]:
    heads = _heads(chosen)
    if habits.is_personal or not habits.levels:
        names = fresh_ids(habits, chosen.position[heads], np.full(len(heads), _TURN))
    else:
        place = (chosen.shared[:, 0] * len(habits.levels)).astype(np.int64)
        names = [habits.levels[item] for item in place.tolist()]
    return [name if sharing else None for name, sharing in zip(names, wanted, strict=True)]
