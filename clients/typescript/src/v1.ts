/** The messages of the contract, `llmrouter.v1`, and the schemas from which `create` creates them. */

export * from "./llmrouter/v1/catalogue_service_pb.js";
export * from "./llmrouter/v1/errors_pb.js";
export * from "./llmrouter/v1/explanation_pb.js";
export * from "./llmrouter/v1/health_pb.js";
export * from "./llmrouter/v1/prompt_pb.js";
export * from "./llmrouter/v1/report_pb.js";
export * from "./llmrouter/v1/router_service_pb.js";
export * from "./llmrouter/v1/routing_pb.js";
export * from "./llmrouter/v1/stream_pb.js";
