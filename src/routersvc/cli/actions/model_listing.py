"""The command `models`: the models of a router, and those that settings can take by name."""

from __future__ import annotations

import asyncio
import dataclasses

from routersvc.cli.actions.router_calls import CallSettings, errors_reported
from routersvc.cli.exit_codes import UsageProblemError
from routersvc.cli.options.call_options import BriefCallOptions
from routersvc.cli.views.model_views import known_models_table, models_table
from routersvc.cli.views.terminal import Terminal
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.grpc_api.client.messages import (
    ListModelsRequest,
    ListModelsResponse,
    read_message,
    to_json,
)
from routersvc.settings.known_models.known_models import FACTS, completed, known_names
from routersvc.settings.problems import did_you_mean
from routersvc.settings.sections.models import ModelSection


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ModelFilters:
    """Which models are listed; an empty filter passes everything."""

    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    policy: str = ""

    def request(self) -> ListModelsRequest:
        """Return the request with these filters.

        Raises:
            UsageProblemError: a capability does not exist.
        """
        self.check()
        return read_message(
            ListModelsRequest,
            {
                "models": self.models,
                "providers": self.providers,
                "capabilities": [f"CAPABILITY_{word.upper()}" for word in self.capabilities],
                "policy": self.policy,
            },
        )

    def check(self) -> None:
        """Refuse names that do not exist.

        Raises:
            UsageProblemError: a capability does not exist.
        """
        words = [capability.value for capability in Capability]
        for word in self.capabilities:
            if word not in words:
                raise UsageProblemError(
                    f"unknown capability `{word}`{did_you_mean(word, words)}; allowed: "
                    f"{', '.join(words)}"
                )

    def pass_known(self, name: str, model: ModelSection) -> bool:
        """Whether a known model passes: a part of its name, its vendor, its capabilities."""
        has = {capability.value for capability in model.capabilities}
        return (
            (not self.models or any(part in name for part in self.models))
            and (not self.providers or name.partition("/")[0] in self.providers)
            and has.issuperset(self.capabilities)
        )


def models(filters: ModelFilters, call: BriefCallOptions) -> None:
    """Print the models of a router.

    Raises:
        CommandError: the call failed.
    """
    terminal = Terminal.of_process()
    settings = CallSettings.of(call)
    request = filters.request()
    with errors_reported(terminal, as_json=settings.as_json):
        response = asyncio.run(_list(request, settings))
    if settings.as_json:
        terminal.write_json(to_json(response))
    elif response.models:
        terminal.out.print(models_table(response, terminal.out.width))
    else:
        terminal.note("no model matches")


async def _list(request: ListModelsRequest, settings: CallSettings) -> ListModelsResponse:
    async with settings.client() as client:
        return await client.models(request)


def known(filters: ModelFilters, *, as_json: bool) -> None:
    """Print the models whose facts settings can take by name.

    Raises:
        UsageProblemError: a capability does not exist.
    """
    filters.check()
    terminal = Terminal.of_process()
    found = {
        name: model
        for name in known_names()
        if (model := completed(name, ModelSection())) is not None
        and filters.pass_known(name, model)
    }
    if as_json:
        keys: set[str] = set(FACTS)
        entries = [
            {"name": name, **model.model_dump(mode="json", include=keys)}
            for name, model in found.items()
        ]
        terminal.write_json({"models": entries})
    else:
        terminal.out.print(known_models_table(found))
