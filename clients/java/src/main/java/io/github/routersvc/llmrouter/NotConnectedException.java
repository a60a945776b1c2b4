package io.github.routersvc.llmrouter;

import io.grpc.Status;

/** No connection to a router: nothing listens at the address, or the connection broke. */
public final class NotConnectedException extends CallException {
  private static final long serialVersionUID = 1;

  NotConnectedException(Status.Code status, String message, Throwable cause) {
    super(status, message, Facts.NONE, cause);
  }
}
