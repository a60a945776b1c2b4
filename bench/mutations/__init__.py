"""Mutation tests of the reliability layer."""
