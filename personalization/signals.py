"""Signals that other apps may listen to."""

from django.dispatch import Signal

consent_given = Signal()
"""Sent after a visitor said yes.

Arguments: `visitor_id: uuid.UUID`, `purposes: frozenset[str]`, those newly granted.
"""

consent_withdrawn = Signal()
"""Sent after a visitor took a yes back and what was stored for it was deleted.

Arguments: `visitor_id: uuid.UUID`, `purposes: frozenset[str]`, those taken back. With the last one, the visitor went.
"""

visitor_merged = Signal()
"""Sent after what a browser's visitor read became part of an account's visitor, and the former was deleted.

Arguments: `visitor_id: uuid.UUID`, `into_id: uuid.UUID`.
"""

profile_updated = Signal()
"""Sent after events were folded into a profile. Arguments: `visitor_id: uuid.UUID`."""
