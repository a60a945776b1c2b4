/**
 * Typed errors of calls, from the status and its details.
 *
 *     CallError                    the call failed
 *     ├── NotConnectedError        no connection to a router, or the connection broke
 *     └── IncompleteStreamError    the stream ended without `finished`: its text is not the answer
 */

import { fromBinary } from "@bufbuild/protobuf";
import { type Any, anyUnpack } from "@bufbuild/protobuf/wkt";
import { type ServiceError, status as codes } from "@grpc/grpc-js";

import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "./google/rpc/error_details_pb.js";
import { StatusSchema } from "./google/rpc/status_pb.js";
import { ErrorReason } from "./llmrouter/v1/errors_pb.js";
import { type RouteReport, RouteReportSchema } from "./llmrouter/v1/report_pb.js";

/** The domain of every `ErrorInfo` of a router. */
const errorDomain = "llmrouter.v1";

const detailsKey = "grpc-status-details-bin";

/** The name of a gRPC status. */
export type StatusName = keyof typeof codes;

/** One field of the request that is missing or wrong. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

interface Facts {
  reasonName?: string;
  metadata?: Readonly<Record<string, string>>;
  violations?: readonly Violation[];
  retryDelayMs?: number;
  report?: RouteReport;
}

/** The call failed. */
export class CallError extends Error {
  /** The gRPC status. */
  readonly status: StatusName;
  /** Why. `UNSPECIFIED` if the error is not from a router, or the reason is unknown. */
  readonly reason: ErrorReason;
  /** The name of the reason without its prefix, also of an unknown one; else empty. */
  readonly reasonName: string;
  /** The facts that belong to the reason. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The invalid fields of the request. */
  readonly violations: readonly Violation[];
  /** The time to wait before a retry; `undefined` if a retry does not help. */
  readonly retryDelayMs: number | undefined;
  /** The attempts of the router; `undefined` if it made none. */
  readonly report: RouteReport | undefined;

  constructor(status: StatusName, message: string, facts: Facts = {}) {
    super(message);
    this.name = new.target.name;
    this.status = status;
    this.reasonName = facts.reasonName ?? "";
    this.reason = reasonOf(this.reasonName);
    this.metadata = facts.metadata ?? {};
    this.violations = facts.violations ?? [];
    this.retryDelayMs = facts.retryDelayMs;
    this.report = facts.report;
  }
}

/** No connection to a router: nothing listens at the address, or the connection broke. */
export class NotConnectedError extends CallError {}

/** The stream ended with `OK` but without `finished`: an intermediary cut it. */
export class IncompleteStreamError extends CallError {
  constructor() {
    super("DATA_LOSS", "the stream ended before the answer was complete");
  }
}

/** Returns the typed error of a failed call; other errors are returned unchanged. */
export function callError(error: unknown, address: string): unknown {
  if (!isServiceError(error)) {
    return error;
  }
  const status = (codes[error.code] ?? "UNKNOWN") as StatusName;
  const details = detailsOf(error);
  if (details === undefined) {
    return status === "UNAVAILABLE"
      ? new NotConnectedError(status, `no router at ${address}: ${error.details}`)
      : new CallError(status, error.details);
  }
  return new CallError(status, error.details, factsOf(details));
}

function reasonOf(name: string): ErrorReason {
  const known: Readonly<Record<string, ErrorReason | string>> = ErrorReason;
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  return typeof found === "number" ? found : ErrorReason.UNSPECIFIED;
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "details" in error && "metadata" in error;
}

/** Returns the details of the status, `undefined` without any or if they cannot be parsed. */
function detailsOf(error: ServiceError): Any[] | undefined {
  const [value] = error.metadata.get(detailsKey);
  if (!(value instanceof Uint8Array)) {
    return undefined;
  }
  try {
    return fromBinary(StatusSchema, value).details;
  } catch {
    return undefined;
  }
}

function factsOf(details: readonly Any[]): Facts {
  const facts: Facts = {};
  for (const detail of details) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info?.domain === errorDomain) {
      facts.reasonName = info.reason;
      facts.metadata = info.metadata;
    }
    const badRequest = anyUnpack(detail, BadRequestSchema);
    if (badRequest !== undefined) {
      facts.violations = badRequest.fieldViolations.map(({ field, description }) => ({
        field,
        description,
      }));
    }
    const delay = anyUnpack(detail, RetryInfoSchema)?.retryDelay;
    if (delay !== undefined) {
      facts.retryDelayMs = Number(delay.seconds) * 1000 + delay.nanos / 1e6;
    }
    const report = anyUnpack(detail, RouteReportSchema);
    if (report !== undefined) {
      facts.report = report;
    }
  }
  return facts;
}
