/** Drives the client for the conformance cases: see ../../conformance/README.md. */

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

import {
  AnswerText,
  CallError,
  type CallOptions,
  type ClientOptions,
  IncompleteStreamError,
  NotConnectedError,
  RouterClient,
  StreamedAnswer,
  version,
} from "@routersvc/llmrouter-client";
import {
  CompleteRequestSchema,
  CompleteResponseSchema,
  ExplainRouteRequestSchema,
  ExplainRouteResponseSchema,
  ListModelsRequestSchema,
  ListModelsResponseSchema,
  ProviderHealthRequestSchema,
  ProviderHealthResponseSchema,
  RouteReportSchema,
  StreamCompleteRequestSchema,
  StreamCompleteResponseSchema,
  StreamRecoveryModeSchema,
} from "@routersvc/llmrouter-client/v1";
import { type JsonValue, fromJson, toJson } from "@bufbuild/protobuf";

interface Command {
  id: number;
  op: string;
  client: string;
  address: string;
  plaintext?: boolean;
  ca_file?: string;
  token?: string;
  default_timeout?: number;
  stream_recovery?: string;
  request: JsonValue;
  timeout?: number;
  wait?: boolean;
  call: number;
}

type Line = Record<string, unknown>;

const clients = new Map<string, RouterClient>();
const calls = new Map<number, AbortController>();

function write(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Executes a command and returns its outcome. */
async function perform(command: Command): Promise<Line> {
  switch (command.op) {
    case "connect":
      clients.set(command.client, await connect(command));
      return { outcome: "done" };
    case "close":
      clientOf(command).close();
      clients.delete(command.client);
      return { outcome: "done" };
    case "cancel":
      calls.get(command.call)?.abort();
      return { outcome: "done" };
    default:
      return call(command);
  }
}

function clientOf({ client }: Command): RouterClient {
  const found = clients.get(client);
  if (found === undefined) {
    throw new Error(`there is no client ${client}`);
  }
  return found;
}

async function connect(command: Command): Promise<RouterClient> {
  const options: ClientOptions = { plaintext: command.plaintext === true };
  if (command.ca_file !== undefined && command.ca_file !== null) {
    options.ca = await readFile(command.ca_file);
  }
  if (command.token !== undefined && command.token !== null) {
    options.token = command.token;
  }
  if (command.default_timeout !== undefined) {
    options.defaultTimeoutMs = command.default_timeout * 1000;
  }
  const mode = StreamRecoveryModeSchema.values.find(({ name }) => name === command.stream_recovery);
  if (mode !== undefined) {
    options.streamRecoveryMode = mode.number;
  }
  return new RouterClient(command.address, options);
}

async function call(command: Command): Promise<Line> {
  const stop = new AbortController();
  calls.set(command.id, stop);
  const options: CallOptions = { signal: stop.signal, wait: command.wait === true };
  if (command.timeout !== undefined) {
    options.timeoutMs = command.timeout * 1000;
  }
  const text = new AnswerText();
  const answered = new StreamedAnswer();
  const soFar = (): Line => ({
    text: String(text),
    answer: toJson(CompleteResponseSchema, answered.response),
  });
  try {
    if (command.op === "stream") {
      const request = fromJson(StreamCompleteRequestSchema, command.request);
      for await (const event of clientOf(command).stream(request, options)) {
        text.add(event);
        answered.add(event);
        write({ id: command.id, event: toJson(StreamCompleteResponseSchema, event) });
      }
      return { outcome: "finished", ...soFar() };
    }
    return { outcome: "response", response: await answer(command, options) };
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) {
      return { outcome: "cancelled" };
    }
    if (!(error instanceof CallError)) {
      throw error;
    }
    return { outcome: "error", error: said(error), ...soFar() };
  } finally {
    calls.delete(command.id);
  }
}

async function answer(command: Command, options: CallOptions): Promise<JsonValue> {
  const client = clientOf(command);
  const given = command.request;
  switch (command.op) {
    case "complete": {
      const request = fromJson(CompleteRequestSchema, given);
      return toJson(CompleteResponseSchema, await client.complete(request, options));
    }
    case "explain": {
      const request = fromJson(ExplainRouteRequestSchema, given);
      return toJson(ExplainRouteResponseSchema, await client.explain(request, options));
    }
    case "health": {
      const request = fromJson(ProviderHealthRequestSchema, given);
      return toJson(ProviderHealthResponseSchema, await client.health(request, options));
    }
    case "models": {
      const request = fromJson(ListModelsRequestSchema, given);
      return toJson(ListModelsResponseSchema, await client.models(request, options));
    }
    default:
      throw new Error(`unknown op ${command.op}`);
  }
}

function said(error: CallError): Line {
  return {
    type:
      error instanceof NotConnectedError
        ? "not_connected"
        : error instanceof IncompleteStreamError
          ? "incomplete"
          : "call",
    status: error.status,
    reason: error.reasonName,
    message: error.message,
    metadata: error.metadata,
    violations: error.violations,
    retry_delay: error.retryDelayMs === undefined ? null : error.retryDelayMs / 1000,
    report: error.report === undefined ? null : toJson(RouteReportSchema, error.report),
  };
}

write({ ready: true, language: "typescript", library: version });
const running = new Set<Promise<void>>();
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command;
  const done = perform(command)
    .catch((error: unknown) => ({ outcome: "defect", message: String(error) }))
    .then((outcome) => {
      write({ id: command.id, ...outcome });
      running.delete(done);
    });
  running.add(done);
}
for (const client of clients.values()) {
  client.close();
}
await Promise.all(running);
