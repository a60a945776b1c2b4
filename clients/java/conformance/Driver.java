import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.github.routersvc.llmrouter.AnswerStream;
import io.github.routersvc.llmrouter.AnswerText;
import io.github.routersvc.llmrouter.CallException;
import io.github.routersvc.llmrouter.IncompleteStreamException;
import io.github.routersvc.llmrouter.NotConnectedException;
import io.github.routersvc.llmrouter.RouterClient;
import io.github.routersvc.llmrouter.StreamedAnswer;
import io.github.routersvc.llmrouter.v1.CompleteRequest;
import io.github.routersvc.llmrouter.v1.ExplainRouteRequest;
import io.github.routersvc.llmrouter.v1.ListModelsRequest;
import io.github.routersvc.llmrouter.v1.ProviderHealthRequest;
import io.github.routersvc.llmrouter.v1.StreamCompleteRequest;
import io.github.routersvc.llmrouter.v1.StreamCompleteResponse;
import io.github.routersvc.llmrouter.v1.StreamRecoveryMode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;

/**
 * Drives the client for the conformance cases: see ../../conformance/README.md.
 *
 * <p>With the argument {@code async} it uses futures and publishers, else blocking calls.
 */
final class Driver {
  private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private static final Gson JSON = new Gson().newBuilder().serializeNulls().create();

  private final boolean isAsync;
  private final Map<String, RouterClient> clients = new ConcurrentHashMap<>();
  private final Map<Integer, Runnable> cancels = new ConcurrentHashMap<>();
  private final ExecutorService calls = Executors.newCachedThreadPool();

  private Driver(boolean isAsync) {
    this.isAsync = isAsync;
  }

  public static void main(String[] arguments) throws Exception {
    new Driver(arguments.length > 0 && arguments[0].equals("async")).run();
  }

  private void run() throws IOException, InterruptedException {
    var ready = new JsonObject();
    ready.addProperty("ready", true);
    ready.addProperty("language", "java");
    ready.addProperty("library", RouterClient.VERSION);
    OUT.println(JSON.toJson(ready));
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      var command = JsonParser.parseString(line).getAsJsonObject();
      switch (text(command, "op")) {
        case "connect", "close", "cancel" -> write(command, performed(command));
        default -> calls.execute(() -> write(command, called(command)));
      }
    }
    clients.values().forEach(RouterClient::close);
    calls.shutdown();
    calls.awaitTermination(5, TimeUnit.SECONDS);
  }

  private JsonObject performed(JsonObject command) throws IOException {
    switch (text(command, "op")) {
      case "connect" -> clients.put(text(command, "client"), connected(command));
      case "close" -> clients.remove(text(command, "client")).close();
      default -> {
        var cancel = cancels.get(command.get("call").getAsInt());
        if (cancel != null) {
          cancel.run();
        }
      }
    }
    return outcome("done");
  }

  private static RouterClient connected(JsonObject command) throws IOException {
    var builder = RouterClient.builder(text(command, "address"));
    if (command.has("plaintext") && command.get("plaintext").getAsBoolean()) {
      builder.plaintext();
    }
    if (!text(command, "ca_file").isEmpty()) {
      builder.trustedCertificates(Path.of(text(command, "ca_file")));
    }
    if (!text(command, "token").isEmpty()) {
      builder.token(text(command, "token"));
    }
    if (command.has("default_timeout")) {
      builder.defaultTimeout(seconds(command, "default_timeout"));
    }
    if (command.has("stream_recovery")) {
      builder.streamRecovery(StreamRecoveryMode.valueOf(text(command, "stream_recovery")));
    }
    return builder.build();
  }

  private JsonObject called(JsonObject command) {
    var said = new AnswerText();
    var answer = new StreamedAnswer();
    try {
      var client = clients.get(text(command, "client"));
      if (command.has("timeout") && !command.get("timeout").isJsonNull()) {
        client = client.withTimeout(seconds(command, "timeout"));
      }
      if (command.has("wait") && command.get("wait").getAsBoolean()) {
        client = client.withWaitForReady();
      }
      if (!text(command, "op").equals("stream")) {
        var answered = outcome("response");
        answered.add("response", json(answer(client, command)));
        return answered;
      }
      stream(client, command, said, answer);
      var finished = outcome("finished");
      finished.addProperty("text", said.toString());
      finished.add("answer", json(answer.response()));
      return finished;
    } catch (CancellationException cancelled) {
      return outcome("cancelled");
    } catch (CallException failed) {
      var error = outcome("error");
      error.add("error", described(failed));
      error.addProperty("text", said.toString());
      error.add("answer", json(answer.response()));
      return error;
    } catch (Exception defect) {
      var defective = outcome("defect");
      defective.addProperty("message", defect.toString());
      return defective;
    } finally {
      cancels.remove(command.get("id").getAsInt());
    }
  }

  private Message answer(RouterClient client, JsonObject command) throws Exception {
    var id = command.get("id").getAsInt();
    var thread = Thread.currentThread();
    cancels.put(id, thread::interrupt);
    switch (text(command, "op")) {
      case "complete" -> {
        var request = request(command, CompleteRequest.newBuilder()).build();
        if (!isAsync) {
          return client.complete(request);
        }
        // Before the call begins: the command that cancels it may come at once.
        var begun = new CompletableFuture<CompletableFuture<?>>();
        cancels.put(id, () -> begun.thenAccept(answered -> answered.cancel(true)));
        var answered = client.completeAsync(request);
        begun.complete(answered);
        return joined(answered);
      }
      case "explain" -> {
        return client.explain(request(command, ExplainRouteRequest.newBuilder()).build());
      }
      case "health" -> {
        return client.health(request(command, ProviderHealthRequest.newBuilder()).build());
      }
      case "models" -> {
        return client.models(request(command, ListModelsRequest.newBuilder()).build());
      }
      default -> throw new IllegalArgumentException("unknown op");
    }
  }

  private void stream(
      RouterClient client, JsonObject command, AnswerText said, StreamedAnswer answer)
      throws Exception {
    var id = command.get("id").getAsInt();
    var request = request(command, StreamCompleteRequest.newBuilder()).build();
    if (isAsync) {
      var answered = new CompletableFuture<Void>();
      client
          .publish(request)
          .subscribe(
              new Flow.Subscriber<>() {
                private Flow.Subscription subscription;

                @Override
                public void onSubscribe(Flow.Subscription given) {
                  subscription = given;
                  // A subscription that was cancelled says nothing more.
                  cancels.put(
                      id,
                      () -> {
                        subscription.cancel();
                        answered.cancel(true);
                      });
                  subscription.request(1);
                }

                @Override
                public void onNext(StreamCompleteResponse event) {
                  said.add(event);
                  answer.add(event);
                  writeEvent(command, event);
                  subscription.request(1);
                }

                @Override
                public void onError(Throwable failure) {
                  answered.completeExceptionally(failure);
                }

                @Override
                public void onComplete() {
                  answered.complete(null);
                }
              });
      joined(answered);
      return;
    }
    var begun = new CompletableFuture<AnswerStream>();
    cancels.put(id, () -> begun.thenAccept(AnswerStream::close));
    try (var events = client.stream(request)) {
      begun.complete(events);
      for (var event : events) {
        said.add(event);
        answer.add(event);
        writeEvent(command, event);
      }
    }
  }

  private static <T> T joined(CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException failed) {
      if (failed.getCause() instanceof CallException known) {
        throw known;
      }
      throw failed;
    }
  }

  private static <B extends Message.Builder> B request(JsonObject command, B builder)
      throws InvalidProtocolBufferException {
    JsonFormat.parser().merge(command.get("request").toString(), builder);
    return builder;
  }

  private static JsonObject described(CallException failed) {
    var kind =
        failed instanceof NotConnectedException
            ? "not_connected"
            : failed instanceof IncompleteStreamException ? "incomplete" : "call";
    var error = new JsonObject();
    error.addProperty("type", kind);
    error.addProperty("status", failed.status().name());
    error.addProperty("reason", failed.reasonName());
    error.addProperty("message", failed.getMessage());
    error.add("metadata", JSON.toJsonTree(failed.metadata()));
    error.add("violations", JSON.toJsonTree(failed.violations()));
    error.addProperty(
        "retry_delay", failed.retryDelay().map(it -> it.toNanos() / 1e9).orElse(null));
    error.add("report", failed.report().map(Driver::json).orElse(null));
    return error;
  }

  private void writeEvent(JsonObject command, StreamCompleteResponse event) {
    var line = new JsonObject();
    line.add("event", json(event));
    write(command, line);
  }

  private void write(JsonObject command, JsonObject line) {
    line.add("id", command.get("id"));
    OUT.println(JSON.toJson(line));
  }

  private static JsonObject outcome(String name) {
    var line = new JsonObject();
    line.addProperty("outcome", name);
    return line;
  }

  private static JsonElement json(Message message) {
    try {
      return JsonParser.parseString(JsonFormat.printer().print(message));
    } catch (InvalidProtocolBufferException unprintable) {
      throw new IllegalStateException(unprintable);
    }
  }

  private static Duration seconds(JsonObject command, String key) {
    return Duration.ofNanos((long) (command.get(key).getAsDouble() * 1e9));
  }

  private static String text(JsonObject command, String key) {
    var value = command.get(key);
    return value == null || value.isJsonNull() ? "" : value.getAsString();
  }
}
