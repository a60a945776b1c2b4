package io.github.routersvc.llmrouter;

import io.grpc.Status;

/** The stream ended without its last event: an intermediary cut it, its text is not the answer. */
public final class IncompleteStreamException extends CallException {
  private static final long serialVersionUID = 1;

  IncompleteStreamException() {
    super(
        Status.Code.DATA_LOSS,
        "the stream ended before the answer was complete",
        Facts.NONE,
        null);
  }
}
