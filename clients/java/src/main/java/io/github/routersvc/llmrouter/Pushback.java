package io.github.routersvc.llmrouter;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.Status;

/**
 * Prevents retries of statuses that the shipped service config does not name.
 *
 * <p>A router sends the delay after which a retry can help as pushback. gRPC for Java retries whenever
 * there is pushback, whatever the status is, and would wait for minutes when a limit is reached; in
 * other languages pushback only delays the retries of statuses in the service config. This tracer
 * removes the pushback of other statuses before gRPC reads it; {@link CallException#retryDelay()} has
 * the delay in any case.
 */
final class Pushback extends ClientStreamTracer {
  static final Factory FACTORY =
      new Factory() {
        @Override
        public ClientStreamTracer newClientStreamTracer(StreamInfo info, Metadata headers) {
          return new Pushback();
        }
      };

  private static final Metadata.Key<String> KEY =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);

  private Pushback() {}

  @Override
  public void inboundTrailers(Metadata trailers) {
    var details = trailers.get(Failures.DETAILS);
    if (details == null || !trailers.containsKey(KEY)) {
      return;
    }
    try {
      // The trailers no longer contain the status, but the details repeat it.
      var code = com.google.rpc.Status.parseFrom(details).getCode();
      if (code != Status.Code.UNAVAILABLE.value()) {
        trailers.discardAll(KEY);
      }
    } catch (InvalidProtocolBufferException unreadable) {
      // The details are not from a router, and neither is the pushback.
      return;
    }
  }
}
