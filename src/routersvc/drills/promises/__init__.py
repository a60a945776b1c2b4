"""The promises of the design, checked against a drill from outside the router."""
