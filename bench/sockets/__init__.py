"""What the router does to callers while providers fail, over real sockets and in real time."""
