package io.github.routersvc.llmrouter;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.github.routersvc.llmrouter.v1.RouteReport;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Converts the status of a failed call to an exception. */
final class Failures {
  /** The domain of every {@code ErrorInfo} of a router. */
  private static final String DOMAIN = "llmrouter.v1";

  static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private Failures() {}

  static CallException of(Status status, Metadata trailers, String address) {
    var code = status.getCode();
    var message = Objects.requireNonNullElse(status.getDescription(), code.name());
    try {
      var details = trailers == null ? null : trailers.get(DETAILS);
      if (details != null) {
        var facts = factsOf(com.google.rpc.Status.parseFrom(details).getDetailsList());
        return new CallException(code, message, facts, status.getCause());
      }
    } catch (InvalidProtocolBufferException unreadable) {
      // The details are not from a router: only the status remains.
      return new CallException(code, message, CallException.Facts.NONE, unreadable);
    }
    if (code == Status.Code.UNAVAILABLE) {
      var text = "no router at " + address + ": " + message;
      return new NotConnectedException(code, text, status.getCause());
    }
    return new CallException(code, message, CallException.Facts.NONE, status.getCause());
  }

  private static CallException.Facts factsOf(List<Any> details)
      throws InvalidProtocolBufferException {
    var reason = "";
    Map<String, String> metadata = Map.of();
    List<Violation> violations = List.of();
    Duration retryDelay = null;
    RouteReport report = null;
    for (var detail : details) {
      if (detail.is(ErrorInfo.class)) {
        var info = detail.unpack(ErrorInfo.class);
        if (info.getDomain().equals(DOMAIN)) {
          reason = info.getReason();
          metadata = Map.copyOf(info.getMetadataMap());
        }
      } else if (detail.is(BadRequest.class)) {
        violations =
            detail.unpack(BadRequest.class).getFieldViolationsList().stream()
                .map(it -> new Violation(it.getField(), it.getDescription()))
                .toList();
      } else if (detail.is(RetryInfo.class)) {
        var delay = detail.unpack(RetryInfo.class).getRetryDelay();
        retryDelay = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
      } else if (detail.is(RouteReport.class)) {
        report = detail.unpack(RouteReport.class);
      }
    }
    return new CallException.Facts(reason, metadata, violations, retryDelay, report);
  }
}
