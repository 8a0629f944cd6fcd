"""Compare strategies on passages for which people wrote questions (section 4)."""
