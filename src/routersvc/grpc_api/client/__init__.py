"""The client with which the command line calls a router."""
