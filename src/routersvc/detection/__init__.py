"""Finds identifiers of people, accounts and patients in prompts, in this process."""
