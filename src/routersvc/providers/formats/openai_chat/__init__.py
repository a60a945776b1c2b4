"""The chat completions wire format of OpenAI and of compatible services."""
