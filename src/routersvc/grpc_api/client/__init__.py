"""The client that the command line uses to call a router."""
