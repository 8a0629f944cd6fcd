"""Endpoints: where a call goes, how many go at once, what they may cost, when to stop trying."""
