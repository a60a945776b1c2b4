"""The composition root: builds the parts of the service, and closes them in order."""
