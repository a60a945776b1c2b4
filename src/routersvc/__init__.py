"""A gRPC service between a company's services and its LLM providers."""
