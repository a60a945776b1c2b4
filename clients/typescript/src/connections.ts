/** Channel options: TLS, limits, keepalive, and the service config that all clients ship. */

import { type ChannelOptions, type ChannelCredentials, credentials } from "@grpc/grpc-js";

import type { StreamRecoveryMode } from "./llmrouter/v1/routing_pb.js";
import { serviceConfig } from "./service_config.js";
import { version } from "./version.js";

/** Returns the token for the next call. */
export type TokenSource = () => string | Promise<string>;

/** Options of a client. */
export interface ClientOptions {
  /**
   * Disables TLS, for a router on the same machine or behind a mesh that encrypts. A token is then
   * sent unencrypted.
   */
  plaintext?: boolean;
  /** The only certificates to trust, as PEM. Default: those that Node trusts. */
  ca?: string | Uint8Array;
  /** gRPC credentials instead of `plaintext` and `ca`, for example with a client certificate. */
  credentials?: ChannelCredentials;
  /** The bearer token, or a function that is called for it before every call. */
  token?: string | TokenSource;
  /** The deadline of calls that set none. 0 leaves it to the router. Default: 120,000. */
  defaultTimeoutMs?: number;
  /** A service config instead of {@link serviceConfig}; `null` disables it, and retries with it. */
  serviceConfig?: string | null;
  /**
   * The recovery mode of streams whose request sets none. `UNSPECIFIED` leaves it to the policy.
   * Default: `RESTART`.
   */
  streamRecoveryMode?: StreamRecoveryMode;
  /** Channel options of gRPC, applied after those of this package. */
  channelOptions?: ChannelOptions;
}

/** The deadline of a call if neither the call nor the client sets one. */
export const defaultTimeoutMs = 120_000;

/** Returns the credentials of the channel. */
export function credentialsOf(options: ClientOptions): ChannelCredentials {
  if (options.credentials !== undefined) {
    return options.credentials;
  }
  if (options.plaintext === true) {
    return credentials.createInsecure();
  }
  return credentials.createSsl(options.ca === undefined ? null : Buffer.from(options.ca));
}

/** Returns the options of a channel. */
export function channelOptionsOf(options: ClientOptions): ChannelOptions {
  const rules = options.serviceConfig === undefined ? serviceConfig : options.serviceConfig;
  return {
    "grpc.primary_user_agent": `llmrouter-typescript/${version}`,
    // A router is in the company's own network, so that HTTP proxies are never used.
    "grpc.enable_http_proxy": 0,
    // Answers may contain images and audio; the router limits their size.
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    // Detects a lost router during a stream. The router permits pings every ten seconds.
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    // Clients do not share connections, nor their backoff after failed connection attempts.
    "grpc.use_local_subchannel_pool": 1,
    // DNS is queried for addresses only, not for a service config.
    "grpc.service_config_disable_resolution": 1,
    ...(rules === null ? { "grpc.enable_retries": 0 } : { "grpc.service_config": rules }),
    ...options.channelOptions,
  };
}
