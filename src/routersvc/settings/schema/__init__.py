"""The JSON Schema of the settings, and error messages in its terms."""
