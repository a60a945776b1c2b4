/** Collects the text of a streamed answer, also when its stream breaks and is recovered. */

import type { StreamCompleteResponse } from "./llmrouter/v1/router_service_pb.js";
import { RecoveryKind } from "./llmrouter/v1/stream_pb.js";

/** Takes the events of one stream in order; `toString()` is the valid text so far. */
export class AnswerText {
  #text = "";

  /**
   * Takes an event and returns the text that it adds, which is often empty.
   *
   * A `recovered` event withdraws text: replace what was displayed by `toString()`.
   */
  add({ event }: StreamCompleteResponse): string {
    switch (event.case) {
      case "contentDelta":
        this.#text += event.value.text;
        return event.value.text;
      case "recovered":
        this.#text =
          event.value.kind === RecoveryKind.RESUMED
            ? beginning(this.#text, event.value.keptCharacters)
            : "";
        return "";
      default:
        return "";
    }
  }

  toString(): string {
    return this.#text;
  }
}

/** Returns the first code points of a text. `length` and `slice` count UTF-16 units. */
function beginning(text: string, characters: bigint): string {
  let end = 0;
  let left = characters;
  for (const character of text) {
    if (left === 0n) {
      break;
    }
    left -= 1n;
    end += character.length;
  }
  return text.slice(0, end);
}
