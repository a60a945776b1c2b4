# ruff: noqa: A005 - imported as `bench.profile` alone
"""The cost and the accuracy of the profile of a request."""
