package io.github.routersvc.llmrouter;

import io.github.routersvc.llmrouter.v1.StreamRecoveryMode;
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

/** Builds a client. */
public final class RouterClientBuilder {
  private final String address;
  private ChannelCredentials credentials = TlsChannelCredentials.create();
  private Optional<CallCredentials> token = Optional.empty();
  private Duration defaultTimeout = RouterClient.DEFAULT_TIMEOUT;
  private Optional<String> serviceConfig = Optional.of(ServiceConfig.json());
  private StreamRecoveryMode streamRecovery = StreamRecoveryMode.STREAM_RECOVERY_MODE_RESTART;
  private Consumer<ManagedChannelBuilder<?>> channelChanges = channel -> {};

  RouterClientBuilder(String address) {
    this.address = address;
  }

  /**
   * Disables TLS, for a router on the same machine or behind a mesh that encrypts. A token is then
   * sent unencrypted.
   */
  public RouterClientBuilder plaintext() {
    return credentials(InsecureChannelCredentials.create());
  }

  /**
   * Sets the only certificates to trust, a PEM file. By default the system's are trusted.
   *
   * @throws IOException the file cannot be read
   */
  public RouterClientBuilder trustedCertificates(Path pem) throws IOException {
    return credentials(TlsChannelCredentials.newBuilder().trustManager(pem.toFile()).build());
  }

  /** Sets the channel credentials of gRPC, for example with a client certificate. */
  public RouterClientBuilder credentials(ChannelCredentials credentials) {
    this.credentials = credentials;
    return this;
  }

  /** Sends a bearer token with every call. */
  public RouterClientBuilder token(String token) {
    return token(() -> token);
  }

  /** Calls a supplier for the bearer token before every call, on a thread that may block. */
  public RouterClientBuilder token(Supplier<String> source) {
    token = Optional.of(new BearerToken(source));
    return this;
  }

  /** Sets the deadline of calls; zero leaves it to the router. */
  public RouterClientBuilder defaultTimeout(Duration timeout) {
    defaultTimeout = timeout;
    return this;
  }

  /**
   * Sets the recovery mode of streams whose request sets none. The default is {@code
   * STREAM_RECOVERY_MODE_RESTART}; {@code STREAM_RECOVERY_MODE_UNSPECIFIED} leaves it to the policy.
   */
  public RouterClientBuilder streamRecovery(StreamRecoveryMode mode) {
    streamRecovery = mode;
    return this;
  }

  /** Replaces {@link ServiceConfig#json()}; empty disables it, and retries with it. */
  public RouterClientBuilder serviceConfig(Optional<String> json) {
    serviceConfig = json;
    return this;
  }

  /** Changes the channel after this class has configured it, for example to add interceptors. */
  public RouterClientBuilder channel(Consumer<ManagedChannelBuilder<?>> change) {
    channelChanges = channelChanges.andThen(change);
    return this;
  }

  /** Returns the client. */
  public RouterClient build() {
    var channel =
        Grpc.newChannelBuilder(address, credentials)
            .userAgent("llmrouter-java/" + RouterClient.VERSION)
            // A router is in the company's own network, so that HTTP proxies are never used.
            .proxyDetector(target -> null)
            // Answers may contain images and audio; the router limits their size.
            .maxInboundMessageSize(Integer.MAX_VALUE)
            // Detects a lost router during a stream. The router permits pings every ten seconds.
            .keepAliveTime(30, TimeUnit.SECONDS)
            .keepAliveTimeout(10, TimeUnit.SECONDS)
            .disableServiceConfigLookUp();
    serviceConfig.ifPresentOrElse(
        json -> channel.defaultServiceConfig(ServiceConfig.parsed(json)), channel::disableRetry);
    channelChanges.accept(channel);
    var options = CallOptions.DEFAULT;
    if (serviceConfig.equals(Optional.of(ServiceConfig.json()))) {
      options = options.withStreamTracerFactory(Pushback.FACTORY);
    }
    options = token.map(options::withCallCredentials).orElse(options);
    return new RouterClient(channel.build(), address, options, defaultTimeout, streamRecovery);
  }
}
