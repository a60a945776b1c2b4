# ruff: noqa: A005 - imported as `bench.profile` alone
"""What the profile of a request costs, and how right it is."""
