"""The JSON Schema of the settings, and the documentation and messages made from it."""
