"""Reads the API key of the caller from a reference; a key never stands on the command line."""

from __future__ import annotations

import os
from pathlib import Path

from routersvc.cli.exit_codes import UsageProblemError
from routersvc.domain.catalogue.secrets import Secret
from routersvc.settings.types.secrets import SecretReference, SecretUnavailableError

VARIABLE = "ROUTERSVC_API_KEY"
"""The environment variable with the key when `--api-key` is not given."""


def api_key_of(reference: str | None) -> Secret | None:
    """Return the key that a reference points to, `None` if there is none to send.

    Raises:
        UsageProblemError: the reference is invalid or cannot be read. Never quotes it.
    """
    if reference is None:
        if not os.environ.get(VARIABLE):
            return None
        reference = f"env:{VARIABLE}"
    try:
        return SecretReference.parse(reference).resolve(os.environ, Path())
    except ValueError as error:
        raise UsageProblemError(f"`--api-key`: {error}; give `env:NAME` or `file:PATH`") from None
    except SecretUnavailableError as error:
        raise UsageProblemError(f"`--api-key`: {error}") from error
