package io.github.routersvc.llmrouter;

import io.github.routersvc.llmrouter.v1.CatalogueServiceGrpc;
import io.github.routersvc.llmrouter.v1.CompleteRequest;
import io.github.routersvc.llmrouter.v1.CompleteResponse;
import io.github.routersvc.llmrouter.v1.ExplainRouteRequest;
import io.github.routersvc.llmrouter.v1.ExplainRouteResponse;
import io.github.routersvc.llmrouter.v1.ListModelsRequest;
import io.github.routersvc.llmrouter.v1.ListModelsResponse;
import io.github.routersvc.llmrouter.v1.ProviderHealthRequest;
import io.github.routersvc.llmrouter.v1.ProviderHealthResponse;
import io.github.routersvc.llmrouter.v1.RouterServiceGrpc;
import io.github.routersvc.llmrouter.v1.StreamCompleteRequest;
import io.github.routersvc.llmrouter.v1.StreamCompleteResponse;
import io.github.routersvc.llmrouter.v1.StreamRecoveryMode;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;

/**
 * Calls one router. Thread-safe; connects with the first call.
 *
 * <p>A failed call throws a {@link CallException}. Interrupting a thread during a call cancels the
 * call, which throws a {@link CancellationException}.
 */
public final class RouterClient implements AutoCloseable {
  /** The version of this library. */
  public static final String VERSION = "0.1.0";

  /** The deadline of a call if neither the client nor the builder sets one. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(120);

  private final ManagedChannel channel;
  private final String address;
  private final CallOptions options;
  private final Duration timeout;
  private final StreamRecoveryMode streamRecovery;

  RouterClient(
      ManagedChannel channel,
      String address,
      CallOptions options,
      Duration timeout,
      StreamRecoveryMode streamRecovery) {
    this.channel = channel;
    this.address = address;
    this.options = options;
    this.timeout = timeout;
    this.streamRecovery = streamRecovery;
  }

  /** Returns a builder for a client of the router at an address such as {@code router.example:443}. */
  public static RouterClientBuilder builder(String address) {
    return new RouterClientBuilder(address);
  }

  /** Returns this client with another deadline for its calls; zero leaves it to the router. */
  public RouterClient withTimeout(Duration timeout) {
    return new RouterClient(channel, address, options, timeout, streamRecovery);
  }

  /** Returns this client, but its calls wait for a connection until the deadline. */
  public RouterClient withWaitForReady() {
    return new RouterClient(
        channel, address, options.withWaitForReady(), timeout, streamRecovery);
  }

  /** Returns the whole answer. */
  public CompleteResponse complete(CompleteRequest request) {
    return answer(RouterServiceGrpc.getCompleteMethod(), request);
  }

  /** Returns a future of the whole answer. Cancelling the future cancels the call. */
  public CompletableFuture<CompleteResponse> completeAsync(CompleteRequest request) {
    return answerAsync(RouterServiceGrpc.getCompleteMethod(), request);
  }

  /**
   * Returns the events of the answer as they arrive. Use it in a {@code try} statement, which cancels
   * the call if it is left early.
   *
   * <p>A broken stream starts over after a {@code recovered} event, unless the request or {@link
   * RouterClientBuilder#streamRecovery} sets another mode; {@link AnswerText} follows such events.
   */
  public AnswerStream stream(StreamCompleteRequest request) {
    var call = channel.newCall(RouterServiceGrpc.getStreamCompleteMethod(), timed());
    var stream = new AnswerStream(call, address);
    call.start(stream.listener(), new Metadata());
    call.request(1);
    call.sendMessage(withStreamRecovery(request));
    call.halfClose();
    return stream;
  }

  /**
   * Returns a publisher of the events of the answer. Each subscription is a separate call; cancelling
   * it cancels the call, also at the provider. Broken streams are recovered as in {@link #stream}.
   */
  public Flow.Publisher<StreamCompleteResponse> publish(StreamCompleteRequest request) {
    return subscriber -> {
      Objects.requireNonNull(subscriber);
      var call = channel.newCall(RouterServiceGrpc.getStreamCompleteMethod(), timed());
      new AnswerSubscription(call, subscriber, address).start(withStreamRecovery(request));
    };
  }

  /** Returns where a request would go and why, or where a past one went. */
  public ExplainRouteResponse explain(ExplainRouteRequest request) {
    return answer(RouterServiceGrpc.getExplainRouteMethod(), request);
  }

  /** Returns the health of the deployments. */
  public ProviderHealthResponse health(ProviderHealthRequest request) {
    return answer(RouterServiceGrpc.getProviderHealthMethod(), request);
  }

  /** Returns the models that the caller can use. */
  public ListModelsResponse models(ListModelsRequest request) {
    return answer(CatalogueServiceGrpc.getListModelsMethod(), request);
  }

  /** Closes the connection, also for clients from {@code with…}, and cancels running calls. */
  @Override
  public void close() {
    channel.shutdownNow();
  }

  private <I, O> O answer(MethodDescriptor<I, O> method, I request) {
    try {
      return ClientCalls.blockingUnaryCall(channel, method, timed(), request);
    } catch (StatusRuntimeException failed) {
      if (failed.getCause() instanceof InterruptedException) {
        var cancelled = new CancellationException("the thread was interrupted");
        cancelled.initCause(failed);
        throw cancelled;
      }
      throw Failures.of(failed.getStatus(), failed.getTrailers(), address);
    }
  }

  private <I, O> CompletableFuture<O> answerAsync(MethodDescriptor<I, O> method, I request) {
    var call = channel.newCall(method, timed());
    var answered = new CompletableFuture<O>();
    var observer =
        new StreamObserver<O>() {
          private O response;

          @Override
          public void onNext(O message) {
            response = message;
          }

          @Override
          public void onError(Throwable failure) {
            var failed = (StatusRuntimeException) failure;
            answered.completeExceptionally(
                Failures.of(failed.getStatus(), failed.getTrailers(), address));
          }

          @Override
          public void onCompleted() {
            answered.complete(response);
          }
        };
    ClientCalls.asyncUnaryCall(call, request, observer);
    answered.whenComplete(
        (response, failure) -> {
          if (answered.isCancelled()) {
            call.cancel("cancelled by the caller", null);
          }
        });
    return answered;
  }

  /** Returns the request with the recovery mode of the client, unless it sets one. */
  private StreamCompleteRequest withStreamRecovery(StreamCompleteRequest request) {
    if (streamRecovery == StreamRecoveryMode.STREAM_RECOVERY_MODE_UNSPECIFIED
        || request.getRouting().getStreamRecoveryModeValue() != 0) {
      return request;
    }
    var routing = request.getRouting().toBuilder().setStreamRecoveryMode(streamRecovery);
    return request.toBuilder().setRouting(routing).build();
  }

  private CallOptions timed() {
    return timeout.isZero()
        ? options
        : options.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
  }
}
