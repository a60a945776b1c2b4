"""The rules of a fleet, and what it keeps when they or its deployments change."""
