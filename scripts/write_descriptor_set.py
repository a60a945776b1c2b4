"""Write the descriptor set with which Envoy translates JSON over HTTP to the contract, or check it.

It has the contract as generated for Python, what it imports, the details of errors, and a rule
(`google.api.http`) for each method. The rules are here and not in the protos, so that the contract
and the generated clients know nothing of a proxy.
"""

import argparse
import importlib
import sys
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FileDescriptor
from google.rpc.error_details_pb2 import DESCRIPTOR as ERROR_DETAILS
from google.rpc.status_pb2 import DESCRIPTOR as STATUS

from llmrouter.v1 import catalogue_service_pb2, errors_pb2, router_service_pb2

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path("deploy/envoy/llmrouter.binpb")
FILES = (
    catalogue_service_pb2.DESCRIPTOR,
    errors_pb2.DESCRIPTOR,
    router_service_pb2.DESCRIPTOR,
    ERROR_DETAILS,
    STATUS,
)
RULES = {
    "Complete": {"post": "/v1/complete", "body": "*"},
    "StreamComplete": {"post": "/v1/stream", "body": "*"},
    "ExplainRoute": {"post": "/v1/explain", "body": "*"},
    "ProviderHealth": {"get": "/v1/health"},
    "ListModels": {"get": "/v1/models"},
}
"""The path of each method; requests without a body have their fields in the query."""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    fresh = descriptor_set().SerializeToString(deterministic=True)
    path = ROOT / TARGET
    if path.exists() and path.read_bytes() == fresh:
        return 0
    if parser.parse_args().check:
        print(f"`{TARGET}` is stale, run `make generate`", file=sys.stderr)
        return 1
    path.write_bytes(fresh)
    return 0


def descriptor_set() -> descriptor_pb2.FileDescriptorSet:
    """Return the files, imported ones first, with the rules in the options of the methods.

    Raises:
        KeyError: a method of the contract has no rule.
    """
    # Comes without types.
    http = importlib.import_module("google.api.annotations_pb2").http
    rule = importlib.import_module("google.api.http_pb2").HttpRule
    files: dict[str, descriptor_pb2.FileDescriptorProto] = {}
    for each in FILES:
        _add(each, files)
    for file in files.values():
        for service in file.service:
            for method in service.method:
                method.options.Extensions[http].CopyFrom(rule(**RULES[method.name]))
    return descriptor_pb2.FileDescriptorSet(file=files.values())


def _add(file: FileDescriptor, files: dict[str, descriptor_pb2.FileDescriptorProto]) -> None:
    if file.name in files:
        return
    for imported in file.dependencies:
        _add(imported, files)
    files[file.name] = descriptor_pb2.FileDescriptorProto.FromString(file.serialized_pb)


if __name__ == "__main__":
    sys.exit(main())
