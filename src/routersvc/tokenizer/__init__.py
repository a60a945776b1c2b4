"""Counts tokens exactly, offline: OpenAI's o200k vocabulary ships in this package."""
