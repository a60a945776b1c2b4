"""The sections of a settings file, one module for each."""
