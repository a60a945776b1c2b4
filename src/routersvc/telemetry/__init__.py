"""Traces, metrics and logs. None of them contains prompts, answers or secrets."""
