"""The gRPC edge: servicers, conversion, status mapping, health and reflection.

The only importer of grpc and of generated code.
"""
