package io.github.routersvc.llmrouter;

import io.github.routersvc.llmrouter.v1.ErrorReason;
import io.github.routersvc.llmrouter.v1.RouteReport;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A call did not end well; says what its status and the details of the router say. */
public class CallException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What a router says beyond a status. */
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
   * Returns why. {@code ERROR_REASON_UNSPECIFIED} where no router spoke, or where the reason is
   * newer than this client.
   */
  public ErrorReason reason() {
    var known = ErrorReason.getDescriptor().findValueByName("ERROR_REASON_" + facts().reasonName);
    return known == null ? ErrorReason.ERROR_REASON_UNSPECIFIED : ErrorReason.valueOf(known);
  }

  /** Returns the name of the reason without its prefix, also of one that is not known yet. */
  public String reasonName() {
    return facts().reasonName;
  }

  /** Returns the facts that belong to the reason. */
  public Map<String, String> metadata() {
    return facts().metadata;
  }

  /** Returns each bad field of the request. */
  public List<Violation> violations() {
    return facts().violations;
  }

  /** Returns when a retry can help. Empty where it cannot. */
  public Optional<Duration> retryDelay() {
    return Optional.ofNullable(facts().retryDelay);
  }

  /** Returns what the router did. Empty where it says nothing. */
  public Optional<RouteReport> report() {
    return Optional.ofNullable(facts().report);
  }

  private Facts facts() {
    // Serialization leaves it out.
    return facts == null ? Facts.NONE : facts;
  }
}
