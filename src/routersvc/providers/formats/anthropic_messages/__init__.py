"""The Messages wire format, as Anthropic and those who resell or imitate it speak it."""
