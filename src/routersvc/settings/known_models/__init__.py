"""Facts and prices of the major vendors' models, for models that the settings name only."""
