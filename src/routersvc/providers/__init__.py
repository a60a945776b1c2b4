"""Wire formats and the part that holds the sockets: how attempts reach providers."""
