"""Why a request is routed as it is, and why a past one was."""
