"""The Responses wire format of OpenAI and of compatible services."""
