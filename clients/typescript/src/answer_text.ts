/** Collects the text and the citations of a streamed answer, also when its stream breaks and is recovered. */

import type { Citation } from "./llmrouter/v1/prompt_pb.js";
import type { StreamCompleteResponse } from "./llmrouter/v1/router_service_pb.js";
import { RecoveryKind } from "./llmrouter/v1/stream_pb.js";

/** Takes the events of one stream in order; `toString()` is the valid text so far. */
export class AnswerText {
  #text = "";
  #citations: Citation[] = [];

  /** Sources of the valid text so far. */
  get citations(): readonly Citation[] {
    return this.#citations;
  }

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
      case "citationDelta":
        if (event.value.citation !== undefined) {
          this.#citations.push(event.value.citation);
        }
        return "";
      case "recovered":
        this.#text =
          event.value.kind === RecoveryKind.RESUMED
            ? beginning(this.#text, event.value.keptCharacters)
            : "";
        this.#citations = this.#citations.filter(
          ({ endCharacter }) =>
            endCharacter !== undefined && endCharacter <= BigInt([...this.#text].length),
        );
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
