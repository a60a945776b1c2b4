import assert from "node:assert/strict";
import { test } from "node:test";

import { type MessageInitShape, create } from "@bufbuild/protobuf";
import { AnswerText } from "@routersvc/llmrouter-client";
import {
  RecoveryKind,
  type RecoveredSchema,
  type StreamCompleteResponse,
  StreamCompleteResponseSchema,
} from "@routersvc/llmrouter-client/v1";

function said(text: string): StreamCompleteResponse {
  return create(StreamCompleteResponseSchema, { event: { case: "contentDelta", value: { text } } });
}

function recovered(value: MessageInitShape<typeof RecoveredSchema>): StreamCompleteResponse {
  return create(StreamCompleteResponseSchema, { event: { case: "recovered", value } });
}

/** A restarted answer leaves nothing of the broken one. */
test("a restart takes back everything", () => {
  const text = new AnswerText();
  text.add(said("Wrong "));

  text.add(recovered({ kind: RecoveryKind.RESTARTED }));
  text.add(said("Right."));

  assert.equal(String(text), "Right.");
});

/** Characters are code points, of which some take two of JavaScript's. */
test("a resumption keeps so many characters", () => {
  const beginnings = ["", "🧑", "🧑🚀", "🧑🚀 ", "🧑🚀 漢", "🧑🚀 漢字", "🧑🚀 漢字"];
  for (const [kept, beginning] of beginnings.entries()) {
    const text = new AnswerText();
    text.add(said("🧑🚀 漢"));
    text.add(said("字"));

    text.add(recovered({ kind: RecoveryKind.RESUMED, keptCharacters: BigInt(kept) }));

    assert.equal(String(text), beginning);
  }
});
