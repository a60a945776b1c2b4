package io.github.routersvc.llmrouter;

import io.github.routersvc.llmrouter.v1.Citation;
import io.github.routersvc.llmrouter.v1.RecoveryKind;
import io.github.routersvc.llmrouter.v1.StreamCompleteResponse;
import java.util.ArrayList;
import java.util.List;

/**
 * Collects the text and the citations of a streamed answer, also when its stream breaks and is recovered. Not
 * thread-safe.
 */
public final class AnswerText {
  private final StringBuilder text = new StringBuilder();
  private final List<Citation> citations = new ArrayList<>();

  /**
   * Takes the next event and returns the text that it adds, which is often empty. A {@code recovered}
   * event withdraws text: replace what was displayed by {@link #toString()}.
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
        var kept = text.codePointCount(0, text.length());
        citations.removeIf(it -> !it.hasEndCharacter() || it.getEndCharacter() > kept);
      }
      case CITATION_DELTA -> citations.add(event.getCitationDelta().getCitation());
      default -> {}
    }
    return "";
  }

  /** Returns the sources of the valid text so far. */
  public List<Citation> citations() {
    return List.copyOf(citations);
  }

  /** Returns the valid text so far. */
  @Override
  public String toString() {
    return text.toString();
  }

  /** Returns the index, in UTF-16 units, after the first {@code characters} code points. */
  private int end(long characters) {
    return characters < text.codePointCount(0, text.length())
        ? text.offsetByCodePoints(0, (int) characters)
        : text.length();
  }
}
