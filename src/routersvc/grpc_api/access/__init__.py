"""Authentication of callers by API keys, tokens and certificates, and what each may call."""
