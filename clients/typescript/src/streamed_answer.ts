/** Folds the events of a stream into the answer that a call without a stream would give. */

import { clone, create } from "@bufbuild/protobuf";

import {
  type Citation,
  CitationSchema,
  MessageSchema,
  Modality,
  type Part,
  PartSchema,
  Role,
} from "./llmrouter/v1/prompt_pb.js";
import type { RouteReport } from "./llmrouter/v1/report_pb.js";
import {
  type CompleteResponse,
  CompleteResponseSchema,
  type StreamCompleteResponse,
} from "./llmrouter/v1/router_service_pb.js";
import {
  type ContentDelta,
  type MediaDelta,
  type ReasoningDelta,
  type Recovered,
  RecoveryKind,
  type TokenLogprob,
  type ToolCallDelta,
} from "./llmrouter/v1/stream_pb.js";

interface Medium {
  part: Part;
  kind: string;
  pieces: Uint8Array[];
}

/**
 * Takes the events of one stream in order; `response` is the answer so far.
 *
 * Append its message to the conversation to continue it: reasoning, hosted activity and tool calls keep the
 * proofs that their provider needs back, and texts their phases.
 */
export class StreamedAnswer {
  #report: RouteReport | undefined;
  #end = create(CompleteResponseSchema);
  #parts: Part[] = [];
  #media: Medium[] = [];
  #citations: { citation: Citation; texts: number }[] = [];
  #logprobs: { logprob: TokenLogprob; start: number }[] = [];
  #characters = 0;
  #calls = new Map<number, Part>();
  #text: Part | undefined;
  #refusal: Part | undefined;
  #thought: Part | undefined;

  /** The answer so far; with a finish reason, it is complete. */
  get response(): CompleteResponse {
    const response = clone(CompleteResponseSchema, this.#end);
    if (this.#report !== undefined) {
      response.report = this.#report;
    }
    response.logprobs = this.#logprobs.map(({ logprob }) => logprob);
    const parts = this.#parts.map((part) => this.#whole(part));
    const texts = parts.filter(isText);
    for (const { citation, texts: begun } of this.#citations) {
      place(citation, texts, begun);
    }
    response.message = create(MessageSchema, { role: Role.ASSISTANT, parts });
    return response;
  }

  /** Takes an event. A `recovered` event withdraws what came before it. */
  add({ event }: StreamCompleteResponse): void {
    switch (event.case) {
      case "routeSelected":
        this.#report = event.value.report;
        break;
      case "contentDelta":
        this.#addText(event.value);
        break;
      case "refusalDelta":
        this.#refusal ??= this.#begin({ case: "refusal", value: "" });
        append(this.#refusal, event.value.text);
        break;
      case "reasoningDelta":
        this.#addThought(event.value);
        break;
      case "hostedActivityDelta":
        if (event.value.activity !== undefined) {
          this.#begin({ case: "hostedActivity", value: event.value.activity });
          if (event.value.activity.proof.length > 0) {
            this.#close();
          }
        }
        break;
      case "toolCallDelta":
        this.#addCall(event.value);
        break;
      case "mediaDelta":
        this.#addMedia(event.value);
        break;
      case "citationDelta":
        if (event.value.citation !== undefined) {
          this.#citations.push({
            citation: event.value.citation,
            texts: this.#parts.filter(isText).length,
          });
        }
        break;
      case "usage":
        this.#end.usage = event.value;
        break;
      case "recovered":
        this.#recover(event.value);
        break;
      case "finished":
        this.#end.finishReason = event.value.finishReason;
        this.#end.stopSequence = event.value.stopSequence;
        this.#report = event.value.report;
        break;
      default:
        break;
    }
  }

  /** Ends the open text, refusal and thought: what comes next are parts of their own. */
  #close(): void {
    this.#text = this.#refusal = this.#thought = undefined;
  }

  #begin(content: Part["content"]): Part {
    const part = create(PartSchema);
    part.content = content;
    this.#parts.push(part);
    return part;
  }

  #addText({ text, phase, logprobs }: ContentDelta): void {
    this.#logprobs.push(...logprobs.map((logprob) => ({ logprob, start: this.#characters })));
    if (this.#text === undefined || this.#text.phase !== phase) {
      if (text === "") {
        return;
      }
      this.#text = this.#begin({ case: "text", value: "" });
      this.#text.phase = phase;
    }
    append(this.#text, text);
    this.#characters += length(text);
  }

  #addThought({ text, signature, encrypted, maker }: ReasoningDelta): void {
    const part = (this.#thought ??= this.#begin(
      create(PartSchema, { content: { case: "reasoning", value: {} } }).content,
    ));
    append(part, text);
    if (part.content.case === "reasoning" && signature.length + encrypted.length > 0) {
      Object.assign(part.content.value, { signature, encrypted, maker });
      this.#close();
    }
  }

  #addCall(delta: ToolCallDelta): void {
    let part = this.#calls.get(delta.index);
    if (part === undefined) {
      part = this.#begin(
        create(PartSchema, { content: { case: "toolCall", value: {} } }).content,
      );
      this.#calls.set(delta.index, part);
      this.#close();
    }
    append(part, delta.argumentsJson);
    if (part.content.case === "toolCall") {
      const call = part.content.value;
      call.id ||= delta.id;
      call.name ||= delta.name;
      if (call.signature.length === 0 && delta.signature.length > 0) {
        call.signature = delta.signature;
        call.signatureMaker = delta.signatureMaker;
      }
    }
  }

  #addMedia({ modality, mediaType, index, url, data, transcript }: MediaDelta): void {
    const kind = `${modality} ${index} ${mediaType}`;
    let medium = this.#media.at(-1);
    if (medium === undefined || medium.kind !== kind) {
      const part = this.#begin(
        modality === Modality.IMAGE
          ? create(PartSchema, {
              content: {
                case: "image",
                value: url === "" ? { mediaType } : { mediaType, source: { case: "url", value: url } },
              },
            }).content
          : create(PartSchema, { content: { case: "audio", value: { mediaType } } }).content,
      );
      medium = { part, kind, pieces: [] };
      this.#media.push(medium);
    }
    medium.pieces.push(data);
    append(medium.part, transcript);
  }

  #recover({ kind, keptCharacters, report }: Recovered): void {
    this.#report = report;
    this.#media = [];
    this.#calls.clear();
    this.#close();
    if (kind !== RecoveryKind.RESUMED) {
      this.#end = create(CompleteResponseSchema);
      this.#parts = [];
      this.#citations = [];
      this.#logprobs = [];
      this.#characters = 0;
      return;
    }
    let left = Number(keptCharacters);
    this.#parts = this.#parts.filter((part) => {
      if (part.content.case === "text") {
        const kept = [...part.content.value].slice(0, left);
        left -= kept.length;
        part.content.value = kept.join("");
        if (kept.length > 0) {
          this.#text = part;
        }
        return kept.length > 0;
      }
      return part.content.case === "reasoning" || part.content.case === "hostedActivity";
    });
    this.#characters = Number(keptCharacters) - left;
    this.#logprobs = this.#logprobs.filter(({ start }) => start < this.#characters);
    this.#citations = this.#citations.filter(
      ({ citation: { endCharacter } }) => endCharacter !== undefined && endCharacter <= keptCharacters,
    );
  }

  /** Returns a copy of a part, with its bytes. */
  #whole(part: Part): Part {
    const whole = clone(PartSchema, part);
    const medium = this.#media.find((it) => it.part === part);
    if (medium !== undefined) {
      const data = joined(medium.pieces);
      if (whole.content.case === "image" && whole.content.value.source.case !== "url") {
        whole.content.value.source = { case: "data", value: data };
      } else if (whole.content.case === "audio") {
        whole.content.value.data = data;
      }
    }
    return whole;
  }
}

function isText({ content }: Part): boolean {
  return content.case === "text";
}

/** Appends to the text of a part, in the field that its kind has for it. */
function append({ content }: Part, text: string): void {
  switch (content.case) {
    case "text":
    case "refusal":
      content.value += text;
      break;
    case "reasoning":
      content.value.text += text;
      break;
    case "toolCall":
      content.value.argumentsJson += text;
      break;
    case "audio":
      content.value.transcript += text;
      break;
    default:
      break;
  }
}

/** Returns the number of code points; `length` of a string counts UTF-16 units. */
function length(text: string): number {
  let count = 0;
  for (const _ of text) {
    count += 1;
  }
  return count;
}

function joined(pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    data.set(piece, at);
    at += piece.length;
  }
  return data;
}

/** Gives a citation to the texts that it supports, counted from their beginnings. */
function place(citation: Citation, texts: Part[], begun: number): void {
  const { startCharacter: start = 0n, endCharacter: end } = citation;
  let first = 0n;
  let isPlaced = false;
  for (const part of end === undefined ? [] : texts) {
    const after = first + BigInt(length(part.content.case === "text" ? part.content.value : ""));
    const until = end ?? 0n;
    const isHere = start < after && first < until;
    if (isHere || (start === until && !isPlaced && first <= start && start <= after)) {
      isPlaced = true;
      const own = clone(CitationSchema, citation);
      own.startCharacter = start > first ? start - first : 0n;
      own.endCharacter = (until < after ? until : after) - first;
      part.citations.push(own);
    }
    first = after;
  }
  const latest = texts[Math.min(Math.max(0, begun - 1), texts.length - 1)];
  if (!isPlaced && latest !== undefined) {
    const own = clone(CitationSchema, citation);
    delete own.startCharacter;
    delete own.endCharacter;
    latest.citations.push(own);
  }
}
