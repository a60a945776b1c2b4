"""Memory and descriptors of a router over many calls: nothing may grow with their number."""
