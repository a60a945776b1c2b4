package io.github.routersvc.llmrouter;

import com.google.protobuf.ByteString;
import io.github.routersvc.llmrouter.v1.Citation;
import io.github.routersvc.llmrouter.v1.CompleteResponse;
import io.github.routersvc.llmrouter.v1.ContentDelta;
import io.github.routersvc.llmrouter.v1.HostedActivity;
import io.github.routersvc.llmrouter.v1.MediaDelta;
import io.github.routersvc.llmrouter.v1.Modality;
import io.github.routersvc.llmrouter.v1.Part;
import io.github.routersvc.llmrouter.v1.ReasoningDelta;
import io.github.routersvc.llmrouter.v1.Recovered;
import io.github.routersvc.llmrouter.v1.RecoveryKind;
import io.github.routersvc.llmrouter.v1.Role;
import io.github.routersvc.llmrouter.v1.RouteReport;
import io.github.routersvc.llmrouter.v1.StreamCompleteResponse;
import io.github.routersvc.llmrouter.v1.TokenLogprob;
import io.github.routersvc.llmrouter.v1.ToolCallDelta;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Folds the events of a stream into the answer that a call without a stream would give. Append its message to the
 * conversation to continue it: reasoning, hosted activity and tool calls keep the proofs that their provider needs
 * back, and texts their phases. Not thread-safe.
 */
public final class StreamedAnswer {
  /** A part of the message; its text and its bytes come in pieces. */
  private static final class Piece {
    private final Part.Builder part;
    private final StringBuilder text = new StringBuilder();
    private ByteString data = ByteString.EMPTY;

    private Piece(Part.Builder part) {
      this.part = part;
    }

    private boolean isText() {
      return part.getContentCase() == Part.ContentCase.TEXT;
    }

    private Part.Builder whole() {
      var whole = part.clone();
      switch (whole.getContentCase()) {
        case TEXT -> whole.setText(text.toString());
        case REFUSAL -> whole.setRefusal(text.toString());
        case REASONING -> whole.getReasoningBuilder().setText(text.toString());
        case TOOL_CALL -> whole.getToolCallBuilder().setArgumentsJson(text.toString());
        case IMAGE -> {
          if (whole.getImage().getUrl().isEmpty()) {
            whole.getImageBuilder().setData(data);
          }
        }
        case AUDIO -> whole.getAudioBuilder().setData(data).setTranscript(text.toString());
        default -> {}
      }
      return whole;
    }
  }

  /** What pieces of one medium have in common. */
  private record MediumKind(Modality modality, String mediaType, int index) {}

  /** A citation, and how many texts had begun when it came. */
  private record Cited(Citation citation, int texts) {}

  /** A log probability, and how much of the text came before its delta. */
  private record Weighed(TokenLogprob logprob, long start) {}

  private final List<Piece> pieces = new ArrayList<>();
  private final List<Cited> citations = new ArrayList<>();
  private final List<Weighed> logprobs = new ArrayList<>();
  private final Map<Integer, Piece> calls = new HashMap<>();
  private CompleteResponse.Builder end = CompleteResponse.newBuilder();
  private RouteReport report;
  private long characters;
  private Piece text;
  private Piece refusal;
  private Piece thought;
  private Piece medium;
  private MediumKind mediumKind;

  /** Takes the next event. A {@code recovered} event withdraws what came before it. */
  public void add(StreamCompleteResponse event) {
    switch (event.getEventCase()) {
      case ROUTE_SELECTED -> report = event.getRouteSelected().getReport();
      case CONTENT_DELTA -> addText(event.getContentDelta());
      case REFUSAL_DELTA -> {
        if (refusal == null) {
          refusal = begin(Part.newBuilder().setRefusal(""));
        }
        refusal.text.append(event.getRefusalDelta().getText());
      }
      case REASONING_DELTA -> addThought(event.getReasoningDelta());
      case HOSTED_ACTIVITY_DELTA -> addHosted(event.getHostedActivityDelta().getActivity());
      case TOOL_CALL_DELTA -> addCall(event.getToolCallDelta());
      case MEDIA_DELTA -> addMedia(event.getMediaDelta());
      case CITATION_DELTA -> {
        var begun = (int) pieces.stream().filter(Piece::isText).count();
        citations.add(new Cited(event.getCitationDelta().getCitation(), begun));
      }
      case USAGE -> end.setUsage(event.getUsage());
      case RECOVERED -> recover(event.getRecovered());
      case FINISHED -> {
        end.setFinishReasonValue(event.getFinished().getFinishReasonValue());
        end.setStopSequence(event.getFinished().getStopSequence());
        report = event.getFinished().getReport();
      }
      default -> {}
    }
  }

  /** Returns the answer so far; with a finish reason, it is complete. */
  public CompleteResponse response() {
    var response = end.clone();
    if (report != null) {
      response.setReport(report);
    }
    logprobs.forEach(it -> response.addLogprobs(it.logprob));
    var parts = pieces.stream().map(Piece::whole).toList();
    var texts = parts.stream().filter(it -> it.getContentCase() == Part.ContentCase.TEXT).toList();
    citations.forEach(it -> place(it, texts));
    var message = response.getMessageBuilder().setRole(Role.ROLE_ASSISTANT);
    parts.forEach(message::addParts);
    return response.build();
  }

  /** Ends the open text, refusal and thought: what comes next are parts of their own. */
  private void close() {
    text = null;
    refusal = null;
    thought = null;
  }

  private Piece begin(Part.Builder part) {
    var begun = new Piece(part);
    pieces.add(begun);
    return begun;
  }

  private void addText(ContentDelta delta) {
    delta.getLogprobsList().forEach(it -> logprobs.add(new Weighed(it, characters)));
    if (text == null || !text.part.getPhase().equals(delta.getPhase())) {
      if (delta.getText().isEmpty()) {
        return;
      }
      text = begin(Part.newBuilder().setText("").setPhase(delta.getPhase()));
    }
    text.text.append(delta.getText());
    characters += length(delta.getText());
  }

  private void addThought(ReasoningDelta delta) {
    if (thought == null) {
      var part = Part.newBuilder();
      part.getReasoningBuilder();
      thought = begin(part);
    }
    thought.text.append(delta.getText());
    if (!delta.getSignature().isEmpty() || !delta.getEncrypted().isEmpty()) {
      thought
          .part
          .getReasoningBuilder()
          .setSignature(delta.getSignature())
          .setEncrypted(delta.getEncrypted())
          .setMaker(delta.getMaker());
      close();
    }
  }

  private void addHosted(HostedActivity activity) {
    begin(Part.newBuilder().setHostedActivity(activity));
    if (!activity.getProof().isEmpty()) {
      close();
    }
  }

  private void addCall(ToolCallDelta delta) {
    var begun = calls.get(delta.getIndex());
    if (begun == null) {
      var part = Part.newBuilder();
      part.getToolCallBuilder();
      begun = begin(part);
      calls.put(delta.getIndex(), begun);
      close();
    }
    begun.text.append(delta.getArgumentsJson());
    var call = begun.part.getToolCallBuilder();
    if (call.getId().isEmpty()) {
      call.setId(delta.getId());
    }
    if (call.getName().isEmpty()) {
      call.setName(delta.getName());
    }
    if (call.getSignature().isEmpty() && !delta.getSignature().isEmpty()) {
      call.setSignature(delta.getSignature()).setSignatureMaker(delta.getSignatureMaker());
    }
  }

  private void addMedia(MediaDelta delta) {
    var kind = new MediumKind(delta.getModality(), delta.getMediaType(), delta.getIndex());
    if (medium == null || !kind.equals(mediumKind)) {
      var part = Part.newBuilder();
      if (delta.getModality() == Modality.MODALITY_IMAGE) {
        var image = part.getImageBuilder().setMediaType(delta.getMediaType());
        if (!delta.getUrl().isEmpty()) {
          image.setUrl(delta.getUrl());
        }
      } else {
        part.getAudioBuilder().setMediaType(delta.getMediaType());
      }
      medium = begin(part);
      mediumKind = kind;
    }
    medium.data = medium.data.concat(delta.getData());
    medium.text.append(delta.getTranscript());
  }

  private void recover(Recovered recovered) {
    report = recovered.getReport();
    medium = null;
    calls.clear();
    close();
    if (recovered.getKind() != RecoveryKind.RECOVERY_KIND_RESUMED) {
      end = CompleteResponse.newBuilder();
      pieces.clear();
      citations.clear();
      logprobs.clear();
      characters = 0;
      return;
    }
    var kept = recovered.getKeptCharacters();
    characters = 0;
    for (var it : List.copyOf(pieces)) {
      switch (it.part.getContentCase()) {
        case TEXT -> {
          var all = length(it.text);
          var left = (int) Math.min(all, kept - characters);
          it.text.setLength(it.text.offsetByCodePoints(0, left));
          characters += left;
          if (left > 0) {
            text = it;
          } else {
            pieces.remove(it);
          }
        }
        case REASONING, HOSTED_ACTIVITY -> {}
        default -> pieces.remove(it);
      }
    }
    logprobs.removeIf(it -> it.start >= characters);
    citations.removeIf(
        it -> !it.citation.hasEndCharacter() || it.citation.getEndCharacter() > kept);
  }

  private static int length(CharSequence text) {
    return Character.codePointCount(text, 0, text.length());
  }

  /** Gives a citation to the texts that it supports, counted from their beginnings. */
  private static void place(Cited cited, List<Part.Builder> texts) {
    if (texts.isEmpty()) {
      return;
    }
    var citation = cited.citation;
    var start = citation.getStartCharacter();
    var until = citation.getEndCharacter();
    var isPlaced = false;
    var first = 0L;
    for (var part : citation.hasEndCharacter() ? texts : List.<Part.Builder>of()) {
      var after = first + length(part.getText());
      var isHere = start < after && first < until;
      if (isHere || (start == until && !isPlaced && first <= start && start <= after)) {
        isPlaced = true;
        part.addCitations(
            citation.toBuilder()
                .setStartCharacter(Math.max(0, start - first))
                .setEndCharacter(Math.min(until, after) - first));
      }
      first = after;
    }
    if (!isPlaced) {
      texts
          .get(Math.min(Math.max(0, cited.texts - 1), texts.size() - 1))
          .addCitations(citation.toBuilder().clearStartCharacter().clearEndCharacter());
    }
  }
}
