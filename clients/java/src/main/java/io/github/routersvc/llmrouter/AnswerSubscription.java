package io.github.routersvc.llmrouter;

import io.github.routersvc.llmrouter.v1.StreamCompleteRequest;
import io.github.routersvc.llmrouter.v1.StreamCompleteResponse;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.Flow;

/** One call whose events go to one subscriber, as many as it requests. */
final class AnswerSubscription extends ClientCall.Listener<StreamCompleteResponse>
    implements Flow.Subscription {
  private final ClientCall<StreamCompleteRequest, StreamCompleteResponse> call;
  private final Flow.Subscriber<? super StreamCompleteResponse> subscriber;
  private final String address;
  private long requestedBeforeStart;
  private boolean hasStarted;
  private volatile boolean isCancelled;
  private volatile IllegalArgumentException misuse;
  private boolean isFinished;

  AnswerSubscription(
      ClientCall<StreamCompleteRequest, StreamCompleteResponse> call,
      Flow.Subscriber<? super StreamCompleteResponse> subscriber,
      String address) {
    this.call = call;
    this.subscriber = subscriber;
    this.address = address;
  }

  /** Starts the call, unless the subscriber cancels in {@code onSubscribe}. */
  void start(StreamCompleteRequest request) {
    subscriber.onSubscribe(this);
    synchronized (this) {
      if (isCancelled) {
        return;
      }
      call.start(this, new Metadata());
      hasStarted = true;
      requestEvents(requestedBeforeStart);
    }
    if (misuse != null) {
      call.cancel(misuse.getMessage(), misuse);
      return;
    }
    call.sendMessage(request);
    call.halfClose();
  }

  @Override
  public synchronized void request(long count) {
    if (count < 1) {
      misuse = new IllegalArgumentException("must request at least 1 event, not " + count);
      if (hasStarted) {
        call.cancel(misuse.getMessage(), misuse);
      }
    } else if (hasStarted) {
      requestEvents(count);
    } else {
      requestedBeforeStart = Math.min(requestedBeforeStart, Long.MAX_VALUE - count) + count;
    }
  }

  @Override
  public synchronized void cancel() {
    isCancelled = true;
    if (hasStarted) {
      call.cancel("cancelled by the subscriber", null);
    }
  }

  @Override
  public void onMessage(StreamCompleteResponse event) {
    if (!isCancelled) {
      isFinished = event.hasFinished();
      subscriber.onNext(event);
    }
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    if (isCancelled) {
      return;
    }
    if (misuse != null) {
      subscriber.onError(misuse);
    } else if (!status.isOk()) {
      subscriber.onError(Failures.of(status, trailers, address));
    } else if (!isFinished) {
      subscriber.onError(new IncompleteStreamException());
    } else {
      subscriber.onComplete();
    }
  }

  private void requestEvents(long count) {
    if (count > 0) {
      call.request((int) Math.min(count, Integer.MAX_VALUE));
    }
  }
}
