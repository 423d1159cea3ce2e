"""How many decimals the events in hand need, whatever the rest of the table has.

An inferred schema counts decimals on all rows, those of the control and the
test among them. An encoder may not: a digit more is something fitted.
"""

from __future__ import annotations

from riskgen.data.events import Events
from riskgen.data.inference.profile import decimals
from riskgen.data.schema import Channel, Schema


def own_decimals(events: Events) -> Schema:
    """Return the schema of ``events`` with the decimals that they need themselves.

    Never more than the schema says, which may be the user's own word; columns
    of which it says nothing stay as they are.
    """
    channels = tuple(_own(events, channel) for channel in events.schema.channels)
    return events.schema.model_copy(update={"channels": channels})


def _own(events: Events, channel: Channel) -> Channel:
    if channel.decimals is None or channel.role not in ("channel", "context", "derived"):
        return channel
    needed = decimals(events.frame[channel.name])
    return channel.model_copy(update={"decimals": min(channel.decimals, needed)})
