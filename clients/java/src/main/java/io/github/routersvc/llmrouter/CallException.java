package io.github.routersvc.llmrouter;

import io.github.routersvc.llmrouter.v1.ErrorReason;
import io.github.routersvc.llmrouter.v1.RouteReport;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A call failed; has the status and its details. */
public class CallException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The details of a status from a router. */
  record Facts(
      String reasonName,
      Map<String, String> metadata,
      List<Violation> violations,
      Duration retryDelay,
      RouteReport report) {
    static final Facts NONE = new Facts("", Map.of(), List.of(), null, null);
  }

  private final Status.Code status;
  private final transient Facts facts;

  CallException(Status.Code status, String message, Facts facts, Throwable cause) {
    super(message, cause);
    this.status = status;
    this.facts = facts;
  }

  /** Returns the gRPC status. */
  public Status.Code status() {
    return status;
  }

  /**
   * Returns why. {@code ERROR_REASON_UNSPECIFIED} if the error is not from a router, or the reason
   * is unknown.
   */
  public ErrorReason reason() {
    var known = ErrorReason.getDescriptor().findValueByName("ERROR_REASON_" + facts().reasonName);
    return known == null ? ErrorReason.ERROR_REASON_UNSPECIFIED : ErrorReason.valueOf(known);
  }

  /** Returns the name of the reason without its prefix, also of an unknown one. */
  public String reasonName() {
    return facts().reasonName;
  }

  /** Returns the facts that belong to the reason. */
  public Map<String, String> metadata() {
    return facts().metadata;
  }

  /** Returns the invalid fields of the request. */
  public List<Violation> violations() {
    return facts().violations;
  }

  /** Returns the time to wait before a retry. Empty if a retry does not help. */
  public Optional<Duration> retryDelay() {
    return Optional.ofNullable(facts().retryDelay);
  }

  /** Returns the attempts of the router. Empty if it made none. */
  public Optional<RouteReport> report() {
    return Optional.ofNullable(facts().report);
  }

  private Facts facts() {
    // Not serialized.
    return facts == null ? Facts.NONE : facts;
  }
}
