"""The wire protocol: requests to an OpenAI-compatible server, replies, errors, rate limits."""
