import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { create, toBinary } from "@bufbuild/protobuf";
import {
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import { RouterClient } from "@routersvc/llmrouter-client";
import { StreamCompleteResponseSchema } from "@routersvc/llmrouter-client/v1";

type Call = ServerWritableStream<Buffer, Buffer>;

/** Runs `use` with the address of a server that answers every stream with `answer`. */
async function serving(
  answer: (call: Call) => void,
  use: (address: string) => Promise<void>,
): Promise<void> {
  const server = new Server();
  const method = {
    path: "/llmrouter.v1.RouterService/StreamComplete",
    requestStream: false,
    responseStream: true,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  };
  server.addService({ StreamComplete: method }, { StreamComplete: answer as UntypedHandleCall });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, found) =>
      error === null ? resolve(found) : reject(error),
    );
  });
  try {
    await use(`127.0.0.1:${port}`);
  } finally {
    server.forceShutdown();
  }
}

const finished = Buffer.from(
  toBinary(
    StreamCompleteResponseSchema,
    create(StreamCompleteResponseSchema, { event: { case: "finished", value: {} } }),
  ),
);

/** Whoever has heard enough goes, and the router hears it. */
test("leaving the loop cancels the call", async () => {
  const calls: Call[] = [];
  const answer = (call: Call): void => {
    calls.push(call);
    call.write(finished);
  };

  await serving(answer, async (address) => {
    const router = new RouterClient(address, { plaintext: true });
    for await (const event of router.stream({})) {
      assert.equal(event.event.case, "finished");
      break;
    }

    assert.equal(calls.length, 1);
    if (calls[0]?.cancelled === false) {
      await once(calls[0], "cancelled");
    }
    router.close();
  });
});

/** Tokens that expire are renewed by whoever knows how. */
test("a function is asked for the token before every call", async () => {
  const tokens: unknown[] = [];
  const answer = (call: Call): void => {
    tokens.push(...call.metadata.get("authorization"));
    call.write(finished);
    call.end();
  };
  let asked = 0;
  const token = (): Promise<string> => Promise.resolve(`number-${(asked += 1)}`);

  await serving(answer, async (address) => {
    const router = new RouterClient(address, { plaintext: true, token });
    for (const _ of [1, 2]) {
      for await (const event of router.stream({})) {
        assert.equal(event.event.case, "finished");
      }
    }
    router.close();
  });

  assert.deepEqual(tokens, ["Bearer number-1", "Bearer number-2"]);
});

/** A call that is no longer wanted is not begun. */
test("a signal that was aborted before throws its reason", async () => {
  const router = new RouterClient("127.0.0.1:1", { plaintext: true });
  const signal = AbortSignal.abort(new Error("changed my mind"));

  await assert.rejects(router.complete({}, { signal }), /changed my mind/);
  await assert.rejects(router.stream({}, { signal }).next(), /changed my mind/);

  router.close();
});
