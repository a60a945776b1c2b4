"""Each deployment's live state: breaker, rate limits, concurrency, budgets, health."""
