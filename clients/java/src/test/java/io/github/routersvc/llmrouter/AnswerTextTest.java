package io.github.routersvc.llmrouter;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.routersvc.llmrouter.v1.ContentDelta;
import io.github.routersvc.llmrouter.v1.Recovered;
import io.github.routersvc.llmrouter.v1.RecoveryKind;
import io.github.routersvc.llmrouter.v1.StreamCompleteResponse;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnswerTextTest {
  private static StreamCompleteResponse said(String text) {
    return StreamCompleteResponse.newBuilder()
        .setContentDelta(ContentDelta.newBuilder().setText(text))
        .build();
  }

  private static StreamCompleteResponse recovered(RecoveryKind kind, long kept) {
    return StreamCompleteResponse.newBuilder()
        .setRecovered(Recovered.newBuilder().setKind(kind).setKeptCharacters(kept))
        .build();
  }

  /** A restarted answer leaves nothing of the broken one. */
  @Test
  void restartTakesBackEverything() {
    var text = new AnswerText();
    text.add(said("Wrong "));

    text.add(recovered(RecoveryKind.RECOVERY_KIND_RESTARTED, 0));
    text.add(said("Right."));

    assertEquals("Right.", text.toString());
  }

  /** Characters are code points, of which some take two of Java's. */
  @Test
  void resumptionKeepsSoManyCharacters() {
    var beginnings = List.of("", "🧑", "🧑🚀", "🧑🚀 ", "🧑🚀 漢", "🧑🚀 漢字", "🧑🚀 漢字");
    for (int kept = 0; kept < beginnings.size(); kept++) {
      var text = new AnswerText();
      text.add(said("🧑🚀 漢"));
      text.add(said("字"));

      text.add(recovered(RecoveryKind.RECOVERY_KIND_RESUMED, kept));

      assertEquals(beginnings.get(kept), text.toString());
    }
  }
}
