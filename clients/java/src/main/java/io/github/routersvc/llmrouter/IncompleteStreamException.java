package io.github.routersvc.llmrouter;

import io.grpc.Status;

/** A stream ended without its last event: something in between cut it, what came is no answer. */
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
