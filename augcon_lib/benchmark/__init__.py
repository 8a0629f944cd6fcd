"""Strategies against each other on passages for which people wrote questions (section 4)."""
