"""Implements `CatalogueService`, which lists the models that a caller can reach."""

from __future__ import annotations

import grpc
from google.protobuf.message import Message

from llmrouter.v1 import catalogue_service_pb2 as catalogue_pb2
from routersvc.domain.planning.model_listing import ModelFilter
from routersvc.engine.router import Router
from routersvc.grpc_api.access.authentication import current_tenant
from routersvc.grpc_api.edges.port import CallContext
from routersvc.grpc_api.inbound import enums as enums_in
from routersvc.grpc_api.inbound.violations import Violations
from routersvc.grpc_api.inbound.wire_requests import RequestReader
from routersvc.grpc_api.outbound.models import model_of

SERVICE_NAME = catalogue_pb2.DESCRIPTOR.services_by_name["CatalogueService"].full_name


class CatalogueServicer:
    """Implements `CatalogueService`."""

    def __init__(self, *, router: Router) -> None:
        self._router = router

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the handler to register with a server."""
        return grpc.method_handlers_generic_handler(
            SERVICE_NAME,
            {
                "ListModels": grpc.unary_unary_rpc_method_handler(
                    self.list_models, RequestReader(catalogue_pb2.ListModelsRequest), _serialize
                )
            },
        )

    async def list_models(
        self,
        request: catalogue_pb2.ListModelsRequest,
        context: CallContext,  # noqa: ARG002 - the signature that all methods share
    ) -> catalogue_pb2.ListModelsResponse:
        """List the models that the caller can reach."""
        listed = self._router.list_models(current_tenant(), model_filter_of(request))
        return catalogue_pb2.ListModelsResponse(
            models=[model_of(model) for model in listed],
            configuration_digest=self._router.configuration_digest,
        )


def model_filter_of(request: catalogue_pb2.ListModelsRequest) -> ModelFilter:
    """Return the filter of a request.

    Raises:
        InvalidRequestError: a field is invalid.
    """
    violations = Violations()
    for field in ("models", "providers"):
        for place, name in enumerate(getattr(request, field)):
            violations.present(f"{field}[{place}]", name)
    capabilities = [
        violations.known(f"capabilities[{place}]", number, enums_in.CAPABILITIES)
        for place, number in enumerate(request.capabilities)
    ]
    violations.raise_if_any()
    return ModelFilter(
        models=frozenset(request.models),
        providers=frozenset(request.providers),
        capabilities=frozenset(each for each in capabilities if each is not None),
        policy=request.policy,
    )


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()
