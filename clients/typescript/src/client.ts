/** The client: each call of the contract, with deadlines, tokens and cancellation. */

import {
  type DescMessage,
  type DescMethod,
  type MessageInitShape,
  type MessageShape,
  clone,
  create,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import { Client, type ClientReadableStream, Metadata } from "@grpc/grpc-js";

import {
  type ClientOptions,
  channelOptionsOf,
  credentialsOf,
  defaultTimeoutMs,
} from "./connections.js";
import { IncompleteStreamError, callError } from "./errors.js";
import {
  CatalogueService,
  type ListModelsRequestSchema,
  type ListModelsResponse,
} from "./llmrouter/v1/catalogue_service_pb.js";
import {
  type CompleteRequestSchema,
  type CompleteResponse,
  type ExplainRouteRequestSchema,
  type ExplainRouteResponse,
  type ProviderHealthRequestSchema,
  type ProviderHealthResponse,
  RouterService,
  type StreamCompleteRequest,
  StreamCompleteRequestSchema,
  type StreamCompleteResponse,
} from "./llmrouter/v1/router_service_pb.js";
import { RoutingSchema, StreamRecoveryMode } from "./llmrouter/v1/routing_pb.js";

/** Options of one call. */
export interface CallOptions {
  /** The deadline of this call. 0 leaves it to the router. Default: the client's. */
  timeoutMs?: number;
  /** Cancels the call, also at the provider; it then rejects with the reason of the signal. */
  signal?: AbortSignal;
  /** Wait for a connection until the deadline, instead of failing at once without one. */
  wait?: boolean;
}

type Method = DescMethod & { input: DescMessage; output: DescMessage };

/** Calls one router. Connects with the first call; call `close` when it is no longer needed. */
export class RouterClient {
  /** The address of the router, such as `router.example:443`. */
  readonly address: string;
  readonly #options: ClientOptions;
  readonly #grpc: Client;

  constructor(address: string, options: ClientOptions = {}) {
    this.address = address;
    this.#options = options;
    this.#grpc = new Client(address, credentialsOf(options), channelOptionsOf(options));
  }

  /** Closes the connection when all running calls have ended. */
  close(): void {
    this.#grpc.close();
  }

  /** Returns the whole answer; rejects with a `CallError`. */
  complete(
    request: MessageInitShape<typeof CompleteRequestSchema>,
    options?: CallOptions,
  ): Promise<CompleteResponse> {
    return this.#call(RouterService.method.complete, request, options);
  }

  /**
   * Yields the events of the answer as they arrive; throws a `CallError` if the answer is
   * incomplete. Leaving the loop cancels the call, also at the provider.
   *
   * A broken stream starts over after a `recovered` event, unless the request or the client sets
   * another recovery mode; `AnswerText` follows such events.
   */
  async *stream(
    request: MessageInitShape<typeof StreamCompleteRequestSchema>,
    options: CallOptions = {},
  ): AsyncGenerator<StreamCompleteResponse, void, undefined> {
    const method = RouterService.method.streamComplete;
    const { signal } = options;
    const deadline = this.#deadline(options);
    const metadata = await this.#metadata(options);
    signal?.throwIfAborted();
    const call: ClientReadableStream<StreamCompleteResponse> = this.#grpc.makeServerStreamRequest(
      pathOf(method),
      (message: MessageShape<typeof StreamCompleteRequestSchema>) => bytesOf(method.input, message),
      (bytes: Buffer) => fromBinary(method.output, bytes),
      this.#withStreamRecovery(request),
      metadata,
      { deadline },
    );
    // Errors after the loop was left have no listener.
    call.on("error", () => undefined);
    const cancel = (): void => call.cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      let isFinished = false;
      for await (const event of call as AsyncIterable<StreamCompleteResponse>) {
        isFinished = event.event.case === "finished";
        yield event;
      }
      signal?.throwIfAborted();
      if (!isFinished) {
        throw new IncompleteStreamError();
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw callError(error, this.address);
    } finally {
      signal?.removeEventListener("abort", cancel);
      call.cancel();
    }
  }

  /**
   * Returns where a request would go and why, or where a past one went; rejects with a `CallError`.
   */
  explain(
    request: MessageInitShape<typeof ExplainRouteRequestSchema>,
    options?: CallOptions,
  ): Promise<ExplainRouteResponse> {
    return this.#call(RouterService.method.explainRoute, request, options);
  }

  /** Returns the health of the deployments; rejects with a `CallError`. */
  health(
    request: MessageInitShape<typeof ProviderHealthRequestSchema> = {},
    options?: CallOptions,
  ): Promise<ProviderHealthResponse> {
    return this.#call(RouterService.method.providerHealth, request, options);
  }

  /** Returns the models that the caller can use; rejects with a `CallError`. */
  models(
    request: MessageInitShape<typeof ListModelsRequestSchema> = {},
    options?: CallOptions,
  ): Promise<ListModelsResponse> {
    return this.#call(CatalogueService.method.listModels, request, options);
  }

  async #call<M extends Method>(
    method: M,
    request: MessageInitShape<M["input"]>,
    options: CallOptions = {},
  ): Promise<MessageShape<M["output"]>> {
    const { signal } = options;
    const deadline = this.#deadline(options);
    const metadata = await this.#metadata(options);
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const call = this.#grpc.makeUnaryRequest(
        pathOf(method),
        (message: MessageShape<M["input"]>) => bytesOf(method.input, message),
        (bytes: Buffer) => fromBinary<M["output"]>(method.output, bytes),
        create<M["input"]>(method.input, request),
        metadata,
        { deadline },
        (error, response) => {
          signal?.removeEventListener("abort", cancel);
          if (error === null && response !== undefined) {
            resolve(response);
          } else {
            reject(signal?.aborted === true ? signal.reason : callError(error, this.address));
          }
        },
      );
      const cancel = (): void => call.cancel();
      signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  /** Returns the request with the recovery mode of the client, unless it sets one. */
  #withStreamRecovery(
    request: MessageInitShape<typeof StreamCompleteRequestSchema>,
  ): StreamCompleteRequest {
    const message = create(StreamCompleteRequestSchema, request);
    const mode = this.#options.streamRecoveryMode ?? StreamRecoveryMode.RESTART;
    const unset = StreamRecoveryMode.UNSPECIFIED;
    if (mode === unset || (message.routing?.streamRecoveryMode ?? unset) !== unset) {
      return message;
    }
    const changed = clone(StreamCompleteRequestSchema, message);
    changed.routing ??= create(RoutingSchema);
    changed.routing.streamRecoveryMode = mode;
    return changed;
  }

  #deadline(options: CallOptions): number {
    const timeout = options.timeoutMs ?? this.#options.defaultTimeoutMs ?? defaultTimeoutMs;
    return timeout === 0 ? Infinity : Date.now() + timeout;
  }

  async #metadata(options: CallOptions): Promise<Metadata> {
    const metadata = new Metadata({ waitForReady: options.wait === true });
    const { token } = this.#options;
    if (token !== undefined) {
      metadata.set("authorization", `Bearer ${typeof token === "string" ? token : await token()}`);
    }
    return metadata;
  }
}

function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function bytesOf<D extends DescMessage>(schema: D, message: MessageShape<D>): Buffer {
  return Buffer.from(toBinary(schema, message));
}
