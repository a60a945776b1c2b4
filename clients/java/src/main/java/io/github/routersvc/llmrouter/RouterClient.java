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
 * Calls one router. May be used by several threads at once; connects with the first call.
 *
 * <p>A call that did not end well throws a {@link CallException}. A thread that is interrupted
 * during a call cancels it, which throws a {@link CancellationException}.
 */
public final class RouterClient implements AutoCloseable {
  /** The version of this library. */
  public static final String VERSION = "0.1.0";

  /** The deadline of a call where nobody says another. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(120);

  private final ManagedChannel channel;
  private final String address;
  private final CallOptions options;
  private final Duration timeout;

  RouterClient(ManagedChannel channel, String address, CallOptions options, Duration timeout) {
    this.channel = channel;
    this.address = address;
    this.options = options;
    this.timeout = timeout;
  }

  /** Returns what makes a client of the router at an address such as {@code router.example:443}. */
  public static RouterClientBuilder builder(String address) {
    return new RouterClientBuilder(address);
  }

  /** Returns this client with another deadline for its calls; zero leaves their length to the router. */
  public RouterClient withTimeout(Duration timeout) {
    return new RouterClient(channel, address, options, timeout);
  }

  /** Returns this client, but one that waits for a router, as long as the deadline allows. */
  public RouterClient withWaitForReady() {
    return new RouterClient(channel, address, options.withWaitForReady(), timeout);
  }

  /** Returns the whole answer. */
  public CompleteResponse complete(CompleteRequest request) {
    return answer(RouterServiceGrpc.getCompleteMethod(), request);
  }

  /** Returns the whole answer once it is there. Cancelling the future cancels the call. */
  public CompletableFuture<CompleteResponse> completeAsync(CompleteRequest request) {
    return answerAsync(RouterServiceGrpc.getCompleteMethod(), request);
  }

  /**
   * Returns the answer's events as they arrive, to be used in a {@code try} statement, which cancels
   * the call where it is left early.
   */
  public AnswerStream stream(StreamCompleteRequest request) {
    var call = channel.newCall(RouterServiceGrpc.getStreamCompleteMethod(), timed());
    var stream = new AnswerStream(call, address);
    call.start(stream.listener(), new Metadata());
    call.request(1);
    call.sendMessage(request);
    call.halfClose();
    return stream;
  }

  /**
   * Returns a publisher of the answer's events. Every subscription is a call of its own; cancelling
   * it cancels the call, at the provider too.
   */
  public Flow.Publisher<StreamCompleteResponse> publish(StreamCompleteRequest request) {
    return subscriber -> {
      Objects.requireNonNull(subscriber);
      var call = channel.newCall(RouterServiceGrpc.getStreamCompleteMethod(), timed());
      new AnswerSubscription(call, subscriber, address).start(request);
    };
  }

  /** Returns why a request would go where it would go. */
  public ExplainRouteResponse explain(ExplainRouteRequest request) {
    return answer(RouterServiceGrpc.getExplainRouteMethod(), request);
  }

  /** Returns how the deployments fare. */
  public ProviderHealthResponse health(ProviderHealthRequest request) {
    return answer(RouterServiceGrpc.getProviderHealthMethod(), request);
  }

  /** Returns the models that can be asked for. */
  public ListModelsResponse models(ListModelsRequest request) {
    return answer(CatalogueServiceGrpc.getListModelsMethod(), request);
  }

  /** Closes the connection, also of clients that were made with {@code with…}; cancels what runs. */
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

  private CallOptions timed() {
    return timeout.isZero()
        ? options
        : options.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
  }
}
