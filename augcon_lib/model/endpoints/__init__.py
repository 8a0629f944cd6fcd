"""Endpoints: where calls go, how many run at once, what they may cost, when to stop."""
