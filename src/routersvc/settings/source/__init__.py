"""The settings file as YAML with line numbers, and its problems."""
