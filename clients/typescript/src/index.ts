/**
 * A client of the router of LLM requests.
 *
 * {@link RouterClient} connects, `complete` returns a whole answer, `stream` its events as they
 * arrive. A failed call rejects with a {@link CallError}. The messages of the contract are in
 * `@routersvc/llmrouter-client/v1`.
 */

export { AnswerText } from "./answer_text.js";
export { RouterClient, type CallOptions } from "./client.js";
export { type ClientOptions, type TokenSource } from "./connections.js";
export {
  CallError,
  IncompleteStreamError,
  NotConnectedError,
  type StatusName,
  type Violation,
} from "./errors.js";
export { textOf, textPrompt } from "./prompts.js";
export { serviceConfig } from "./service_config.js";
export { StreamedAnswer } from "./streamed_answer.js";
export { version } from "./version.js";
export { ErrorReason } from "./llmrouter/v1/errors_pb.js";
