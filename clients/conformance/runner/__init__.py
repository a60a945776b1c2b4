"""Holds every client library to the same cases: see README.md beside this folder."""
