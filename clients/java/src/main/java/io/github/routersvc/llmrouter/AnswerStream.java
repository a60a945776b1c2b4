package io.github.routersvc.llmrouter;

import io.github.routersvc.llmrouter.v1.StreamCompleteResponse;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * An iterator over the events of one answer, for one thread and one iteration.
 *
 * <p>{@link #hasNext()} waits for the next event. It throws a {@link CallException} if the answer is
 * incomplete, and a {@link CancellationException} if the stream was closed or the thread was
 * interrupted. {@link #close()} cancels the call, also at the provider, from any thread.
 */
public final class AnswerStream
    implements Iterator<StreamCompleteResponse>, Iterable<StreamCompleteResponse>, AutoCloseable {
  private record End(Status status, Metadata trailers) {}

  private final ClientCall<?, StreamCompleteResponse> call;
  private final String address;
  // Events and then the end. Holds at most one event, because each is requested separately.
  private final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();
  private volatile boolean isClosed;
  private StreamCompleteResponse next;
  private boolean hasEnded;
  private boolean isFinished;

  AnswerStream(ClientCall<?, StreamCompleteResponse> call, String address) {
    this.call = call;
    this.address = address;
  }

  /** Returns the listener for the call. */
  ClientCall.Listener<StreamCompleteResponse> listener() {
    return new ClientCall.Listener<>() {
      @Override
      public void onMessage(StreamCompleteResponse event) {
        arrived.add(event);
      }

      @Override
      public void onClose(Status status, Metadata trailers) {
        arrived.add(new End(status, trailers));
      }
    };
  }

  @Override
  public Iterator<StreamCompleteResponse> iterator() {
    return this;
  }

  @Override
  public boolean hasNext() {
    if (next != null) {
      return true;
    }
    if (hasEnded) {
      return false;
    }
    var received = receive();
    if (received instanceof StreamCompleteResponse event) {
      next = event;
      isFinished = event.hasFinished();
      return true;
    }
    hasEnded = true;
    var end = (End) received;
    if (isClosed) {
      throw new CancellationException("the stream was closed");
    }
    if (!end.status.isOk()) {
      throw Failures.of(end.status, end.trailers, address);
    }
    if (!isFinished) {
      throw new IncompleteStreamException();
    }
    return false;
  }

  @Override
  public StreamCompleteResponse next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the answer is complete");
    }
    var event = next;
    next = null;
    call.request(1);
    return event;
  }

  /** Cancels the call unless it has ended. */
  @Override
  public void close() {
    isClosed = true;
    call.cancel("closed by the caller", null);
  }

  private Object receive() {
    try {
      return arrived.take();
    } catch (InterruptedException interrupted) {
      close();
      hasEnded = true;
      Thread.currentThread().interrupt();
      var cancelled = new CancellationException("the thread was interrupted");
      cancelled.initCause(interrupted);
      throw cancelled;
    }
  }
}
