package io.github.routersvc.llmrouter;

import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Adds a token to the metadata of every call. */
final class BearerToken extends CallCredentials {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final Supplier<String> source;

  BearerToken(Supplier<String> source) {
    this.source = source;
  }

  @Override
  public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
    executor.execute(
        () -> {
          try {
            var headers = new Metadata();
            headers.put(AUTHORIZATION, "Bearer " + source.get());
            applier.apply(headers);
          } catch (RuntimeException failed) {
            applier.fail(
                Status.UNAUTHENTICATED.withDescription("the token supplier failed").withCause(failed));
          }
        });
  }
}
