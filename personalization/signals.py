"""Signals that other apps may listen to."""

from django.dispatch import Signal

consent_given = Signal()
"""Sent after a visitor said yes. Arguments: `visitor_id: uuid.UUID`."""

consent_withdrawn = Signal()
"""Sent after a visitor's data was deleted. Arguments: `visitor_id: uuid.UUID`."""

profile_updated = Signal()
"""Sent after events were folded into a profile. Arguments: `visitor_id: uuid.UUID`."""
