"""The way to a model: requests and replies, the engine, the journal, and two endpoints."""
