/** Short ways to the most frequent messages. */

import { create } from "@bufbuild/protobuf";

import {
  type Message,
  MessageSchema,
  type Prompt,
  PromptSchema,
  Role,
} from "./llmrouter/v1/prompt_pb.js";
import type { CompleteResponse } from "./llmrouter/v1/router_service_pb.js";

/** Returns a prompt of one user message, after instructions where there are any. */
export function textPrompt(text: string, options: { system?: string } = {}): Prompt {
  const messages = [textMessage(Role.USER, text)];
  if (options.system !== undefined) {
    messages.unshift(textMessage(Role.SYSTEM, options.system));
  }
  return create(PromptSchema, { messages });
}

/** Returns the text of a whole answer; tool calls, thoughts and media are no text. */
export function textOf(response: CompleteResponse): string {
  const parts = response.message?.parts ?? [];
  return parts.map(({ content }) => (content.case === "text" ? content.value : "")).join("");
}

function textMessage(role: Role, text: string): Message {
  return create(MessageSchema, { role, parts: [{ content: { case: "text", value: text } }] });
}
