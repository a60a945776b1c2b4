"""Trying the real engine against scripted deployments in virtual time."""
