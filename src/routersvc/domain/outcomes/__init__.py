"""How attempts and calls end, and what that means."""
