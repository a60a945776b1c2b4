"""Writing requests: what several formats share."""
