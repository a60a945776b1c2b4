"""Load tests of a running router with ghz."""
