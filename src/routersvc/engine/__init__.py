"""Asyncio: running a plan, streams, admission, and the ports that adapters implement."""
