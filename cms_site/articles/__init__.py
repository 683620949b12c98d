"""Articles from plain records: reading a record, turning its text into blocks, saving a page."""
