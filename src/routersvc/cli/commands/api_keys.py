"""The key by which a router knows the caller: by reference alone, never on the command line."""

from __future__ import annotations

import os
from pathlib import Path

from routersvc.cli.exits import UsageProblemError
from routersvc.domain.catalogue.secrets import Secret
from routersvc.settings.types.secrets import SecretReference, SecretUnavailableError

VARIABLE = "ROUTERSVC_API_KEY"
"""Where the key is looked for when no option says otherwise."""


def api_key_of(reference: str | None) -> Secret | None:
    """Return the key that a reference points to, `None` where there is none to send.

    Raises:
        UsageProblemError: the reference is none, or leads nowhere. Never repeats it.
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
