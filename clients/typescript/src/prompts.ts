/** Converts plain text to a prompt, and an answer to plain text. */

import { create } from "@bufbuild/protobuf";

import {
  type Message,
  MessageSchema,
  type Prompt,
  PromptSchema,
  Role,
} from "./llmrouter/v1/prompt_pb.js";
import type { CompleteResponse } from "./llmrouter/v1/router_service_pb.js";

/** Returns a prompt of one user message, with `system` as a system message before it. */
export function textPrompt(text: string, options: { system?: string } = {}): Prompt {
  const messages = [textMessage(Role.USER, text)];
  if (options.system !== undefined) {
    messages.unshift(textMessage(Role.SYSTEM, options.system));
  }
  return create(PromptSchema, { messages });
}

/** Returns the text of a whole answer, without tool calls, reasoning and media. */
export function textOf(response: CompleteResponse): string {
  const parts = response.message?.parts ?? [];
  return parts.map(({ content }) => (content.case === "text" ? content.value : "")).join("");
}

function textMessage(role: Role, text: string): Message {
  return create(MessageSchema, { role, parts: [{ content: { case: "text", value: text } }] });
}
