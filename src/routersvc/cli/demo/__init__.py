"""The command `demo`: shows that calls survive the outage of a provider.

Three processes take part: the simulator, the router and this one with the callers. None shares an
event loop or an interpreter lock with another, so that what is measured is what a caller would see.
"""
