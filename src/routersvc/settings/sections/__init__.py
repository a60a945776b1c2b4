"""The sections of a settings file, one module per section."""
