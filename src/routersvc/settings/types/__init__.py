"""The types of settings keys: durations, sizes, addresses, secrets."""
