"""Reading responses: framing, JSON values, and checks that all formats share."""
