package io.github.routersvc.llmrouter;

import io.github.routersvc.llmrouter.v1.CompleteResponse;
import io.github.routersvc.llmrouter.v1.Message;
import io.github.routersvc.llmrouter.v1.Part;
import io.github.routersvc.llmrouter.v1.Prompt;
import io.github.routersvc.llmrouter.v1.Role;
import java.util.stream.Collectors;

/** Converts plain text to a prompt, and an answer to plain text. */
public final class Prompts {
  private Prompts() {}

  /** Returns a prompt of one user message. */
  public static Prompt text(String text) {
    return Prompt.newBuilder().addMessages(message(Role.ROLE_USER, text)).build();
  }

  /** Returns a prompt of one user message, after a system message. */
  public static Prompt text(String text, String system) {
    return Prompt.newBuilder()
        .addMessages(message(Role.ROLE_SYSTEM, system))
        .addMessages(message(Role.ROLE_USER, text))
        .build();
  }

  /** Returns the text of a whole answer, without tool calls, reasoning and media. */
  public static String textOf(CompleteResponse response) {
    return response.getMessage().getPartsList().stream()
        .map(Part::getText)
        .collect(Collectors.joining());
  }

  private static Message message(Role role, String text) {
    return Message.newBuilder().setRole(role).addParts(Part.newBuilder().setText(text)).build();
  }
}
