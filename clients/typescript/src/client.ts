/** The client: each call of the contract, with deadlines, tokens and cancellation. */

import {
  type DescMessage,
  type DescMethod,
  type MessageInitShape,
  type MessageShape,
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
  type StreamCompleteRequestSchema,
  type StreamCompleteResponse,
} from "./llmrouter/v1/router_service_pb.js";

/** Says how one call is made. */
export interface CallOptions {
  /** The deadline of this call. 0 leaves its length to the router. Absent: the client's. */
  timeoutMs?: number;
  /** Cancels the call, at the provider too; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Where no router is heard, waits for one as long as the deadline allows. */
  wait?: boolean;
}

type Method = DescMethod & { input: DescMessage; output: DescMessage };

/** Calls one router. Connects with the first call; to be closed when it is no longer needed. */
export class RouterClient {
  /** Where the router is, such as `router.example:443`. */
  readonly address: string;
  readonly #options: ClientOptions;
  readonly #grpc: Client;

  constructor(address: string, options: ClientOptions = {}) {
    this.address = address;
    this.#options = options;
    this.#grpc = new Client(address, credentialsOf(options), channelOptionsOf(options));
  }

  /** Closes the connection once the calls that run have ended. */
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
   * Yields the answer's events as they arrive; throws a `CallError` where the answer is not
   * complete. Leaving the loop cancels the call, at the provider too.
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
      create(method.input, request),
      metadata,
      { deadline },
    );
    // What is said after the loop was left, nobody is there to hear.
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

  /** Returns why a request would go where it would go; rejects with a `CallError`. */
  explain(
    request: MessageInitShape<typeof ExplainRouteRequestSchema>,
    options?: CallOptions,
  ): Promise<ExplainRouteResponse> {
    return this.#call(RouterService.method.explainRoute, request, options);
  }

  /** Returns how the deployments fare; rejects with a `CallError`. */
  health(
    request: MessageInitShape<typeof ProviderHealthRequestSchema> = {},
    options?: CallOptions,
  ): Promise<ProviderHealthResponse> {
    return this.#call(RouterService.method.providerHealth, request, options);
  }

  /** Returns the models that can be asked for; rejects with a `CallError`. */
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
