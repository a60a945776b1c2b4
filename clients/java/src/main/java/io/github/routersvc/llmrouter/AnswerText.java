package io.github.routersvc.llmrouter;

import io.github.routersvc.llmrouter.v1.RecoveryKind;
import io.github.routersvc.llmrouter.v1.StreamCompleteResponse;

/**
 * Takes the events of one stream in their order and holds the text that counts so far, also when
 * the stream broke and was recovered. For one thread at a time.
 */
public final class AnswerText {
  private final StringBuilder text = new StringBuilder();

  /**
   * Takes an event and returns the text it adds, often none. A {@code recovered} event takes back
   * text: what was shown has to be shown anew from {@link #toString()}.
   */
  public String add(StreamCompleteResponse event) {
    switch (event.getEventCase()) {
      case CONTENT_DELTA -> {
        text.append(event.getContentDelta().getText());
        return event.getContentDelta().getText();
      }
      case RECOVERED -> {
        var recovered = event.getRecovered();
        var isResumed = recovered.getKind() == RecoveryKind.RECOVERY_KIND_RESUMED;
        text.setLength(isResumed ? end(recovered.getKeptCharacters()) : 0);
      }
      default -> {}
    }
    return "";
  }

  /** Returns the text that counts so far. */
  @Override
  public String toString() {
    return text.toString();
  }

  /** Returns where so many code points end; indices count UTF-16 units. */
  private int end(long characters) {
    return characters < text.codePointCount(0, text.length())
        ? text.offsetByCodePoints(0, (int) characters)
        : text.length();
  }
}
