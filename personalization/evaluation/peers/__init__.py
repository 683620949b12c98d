"""What others do, as the literature describes it, to be measured in the same replay. The learned ones need `[eval]`."""

from .catalogue import PEERS, Peer, available

__all__ = ["PEERS", "Peer", "available"]
