"""Load on a running router, by a tool that others use too: ghz."""
