"""Who may call: API keys and the tenants they stand for."""
