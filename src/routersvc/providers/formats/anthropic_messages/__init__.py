"""The Messages wire format of Anthropic and of compatible services."""
