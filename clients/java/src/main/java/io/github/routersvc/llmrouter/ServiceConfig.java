package io.github.routersvc.llmrouter;

import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * gRPC's service config for retries and load balancing, the same in every language.
 *
 * @see <a href="https://github.com/grpc/grpc/blob/master/doc/service_config.md">service config</a>
 */
public final class ServiceConfig {
  private ServiceConfig() {}

  /** Returns the service config as JSON. */
  public static String json() {
    try (var resource = ServiceConfig.class.getResourceAsStream("service_config.json")) {
      return new String(resource.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /** Returns a service config in the form that gRPC for Java takes. */
  static Map<String, ?> parsed(String json) {
    return new Gson().fromJson(json, new TypeToken<Map<String, Object>>() {});
  }
}
