"""Anthropic's Messages API, as the simulator serves it."""
