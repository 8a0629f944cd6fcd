"""The wire: requests to an OpenAI-compatible server, its replies, errors and rate limits."""
