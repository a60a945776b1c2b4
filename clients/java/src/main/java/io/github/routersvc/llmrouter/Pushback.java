package io.github.routersvc.llmrouter;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.Status;

/**
 * Keeps gRPC from trying again what the shipped service config does not name.
 *
 * <p>A router says when a retry can help, as pushback. gRPC for Java takes any pushback for an order to
 * retry, whatever the status is, and would wait for minutes where a limit is reached; for other
 * languages pushback moves only the retries of statuses that the service config names. So it is taken
 * away where the status is another, before gRPC looks; callers find the delay in {@link
 * CallException#retryDelay()} all the same.
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
      // The status itself is no longer among the trailers, but the details repeat it.
      var code = com.google.rpc.Status.parseFrom(details).getCode();
      if (code != Status.Code.UNAVAILABLE.value()) {
        trailers.discardAll(KEY);
      }
    } catch (InvalidProtocolBufferException unreadable) {
      // Not what a router says, and none of its pushback either.
      return;
    }
  }
}
