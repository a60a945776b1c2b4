package io.github.routersvc.llmrouter;

import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Says how a client connects and calls. */
public final class RouterClientBuilder {
  private final String address;
  private ChannelCredentials credentials = TlsChannelCredentials.create();
  private Optional<CallCredentials> token = Optional.empty();
  private Duration defaultTimeout = RouterClient.DEFAULT_TIMEOUT;
  private Optional<String> serviceConfig = Optional.of(ServiceConfig.json());
  private Consumer<ManagedChannelBuilder<?>> further = channel -> {};

  RouterClientBuilder(String address) {
    this.address = address;
  }

  /**
   * Does without TLS: for a router on this machine or behind a mesh that encrypts. A token then
   * travels in plain text too.
   */
  public RouterClientBuilder plaintext() {
    return credentials(InsecureChannelCredentials.create());
  }

  /**
   * Sets the only certificates to trust, a PEM file. Without it the system's count.
   *
   * @throws IOException the file cannot be read
   */
  public RouterClientBuilder trustedCertificates(Path pem) throws IOException {
    return credentials(TlsChannelCredentials.newBuilder().trustManager(pem.toFile()).build());
  }

  /** Sets gRPC's own credentials: with a certificate of the client's, for instance. */
  public RouterClientBuilder credentials(ChannelCredentials credentials) {
    this.credentials = credentials;
    return this;
  }

  /** Sends a bearer token with every call. */
  public RouterClientBuilder token(String token) {
    return token(() -> token);
  }

  /** Asks for the bearer token before every call, on a thread that may wait. */
  public RouterClientBuilder token(Supplier<String> source) {
    token = Optional.of(new BearerToken(source));
    return this;
  }

  /** Limits calls; zero leaves their length to the router. */
  public RouterClientBuilder defaultTimeout(Duration timeout) {
    defaultTimeout = timeout;
    return this;
  }

  /** Replaces {@link ServiceConfig#json()}; empty means no rules, and no retries. */
  public RouterClientBuilder serviceConfig(Optional<String> json) {
    serviceConfig = json;
    return this;
  }

  /** Changes the channel further, after what this class does: interceptors, for instance. */
  public RouterClientBuilder channel(Consumer<ManagedChannelBuilder<?>> change) {
    further = further.andThen(change);
    return this;
  }

  /** Returns the client. */
  public RouterClient build() {
    var channel =
        Grpc.newChannelBuilder(address, credentials)
            .userAgent("llmrouter-java/" + RouterClient.VERSION)
            // A router stands inside the company's own network: never by way of a proxy for the web.
            .proxyDetector(target -> null)
            // Answers may hold pictures and sound; the router limits what it sends.
            .maxInboundMessageSize(Integer.MAX_VALUE)
            // A router that vanished in mid-stream is noticed. It takes pings every ten seconds.
            .keepAliveTime(30, TimeUnit.SECONDS)
            .keepAliveTimeout(10, TimeUnit.SECONDS)
            .disableServiceConfigLookUp();
    serviceConfig.ifPresentOrElse(
        json -> channel.defaultServiceConfig(ServiceConfig.parsed(json)), channel::disableRetry);
    further.accept(channel);
    var options = CallOptions.DEFAULT;
    if (serviceConfig.equals(Optional.of(ServiceConfig.json()))) {
      options = options.withStreamTracerFactory(Pushback.FACTORY);
    }
    options = token.map(options::withCallCredentials).orElse(options);
    return new RouterClient(channel.build(), address, options, defaultTimeout);
  }
}
