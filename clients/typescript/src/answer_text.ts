/** The text of a streamed answer while it arrives, also when its stream broke and was recovered. */

import type { StreamCompleteResponse } from "./llmrouter/v1/router_service_pb.js";
import { RecoveryKind } from "./llmrouter/v1/stream_pb.js";

/** Takes the events of one stream in their order; `toString()` is the text that counts so far. */
export class AnswerText {
  #text = "";

  /**
   * Takes an event and returns the text it adds, often none.
   *
   * A `recovered` event takes back text: what was shown has to be shown anew from `toString()`.
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

/** Returns the first code points of a text; its length counts UTF-16 units. */
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
