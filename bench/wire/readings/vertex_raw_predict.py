"""Claude at Vertex AI, whose answers are those of Anthropic's Messages."""

from bench.wire.readings.messages import read

__all__ = ["read"]
