"""How well topics are found, measured on pages that editors tagged: figures, peers and the table. Pure."""
