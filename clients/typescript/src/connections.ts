/** How a client connects: TLS, limits, pings, and the service config that all clients ship. */

import { type ChannelOptions, type ChannelCredentials, credentials } from "@grpc/grpc-js";

import { serviceConfig } from "./service_config.js";
import { version } from "./version.js";

/** Returns the token for the next call. */
export type TokenSource = () => string | Promise<string>;

/** Says how a client connects and calls. */
export interface ClientOptions {
  /**
   * Does without TLS: for a router on this machine or behind a mesh that encrypts. A token then
   * travels in plain text too.
   */
  plaintext?: boolean;
  /** The only certificates to trust, as PEM. Without it those that Node trusts. */
  ca?: string | Uint8Array;
  /** Instead of `plaintext` and `ca`: gRPC's own credentials, with a certificate of the client's. */
  credentials?: ChannelCredentials;
  /** The bearer token, or a function that is asked for it before every call. */
  token?: string | TokenSource;
  /** The deadline of calls that set none. 0 leaves their length to the router. */
  defaultTimeoutMs?: number;
  /** gRPC's own rules instead of {@link serviceConfig}; `null` means none, and no retries. */
  serviceConfig?: string | null;
  /** Options for gRPC itself, after those of this package. */
  channelOptions?: ChannelOptions;
}

/** The deadline of a call where neither it nor its client says another. */
export const defaultTimeoutMs = 120_000;

/** Returns what verifies the router. */
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
    // A router stands inside the company's own network: never by way of a proxy for the web.
    "grpc.enable_http_proxy": 0,
    // Answers may hold pictures and sound; the router limits what it sends.
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    // A router that vanished in mid-stream is noticed. It takes pings every ten seconds.
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    // One client's trouble in connecting is none of another's.
    "grpc.use_local_subchannel_pool": 1,
    // Names of the service are looked up for addresses alone, not for rules of somebody else's.
    "grpc.service_config_disable_resolution": 1,
    ...(rules === null ? { "grpc.enable_retries": 0 } : { "grpc.service_config": rules }),
    ...options.channelOptions,
  };
}
