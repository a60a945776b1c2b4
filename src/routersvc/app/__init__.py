"""The composition root: puts the parts together, and takes them apart in good order."""
