"""The chat completions wire format, as OpenAI and those who are compatible with it speak it."""
