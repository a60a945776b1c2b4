"""The types of settings values: durations, sizes, addresses, secrets."""
