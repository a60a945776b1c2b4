package llmrouter

import (
	"context"
	"crypto/tls"
	_ "embed" // for the service config
	"math"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/routersvc/routersvc/clients/go/llmrouterv1"
)

// DefaultTimeout is the deadline of a call if neither its context nor the client sets one.
const DefaultTimeout = 120 * time.Second

// ServiceConfig is gRPC's service config for retries and load balancing, the same in every language.
// See https://github.com/grpc/grpc/blob/master/doc/service_config.md.
//
//go:embed service_config.json
var ServiceConfig string

// TokenSource returns the token for the next call.
type TokenSource func(ctx context.Context) (string, error)

// Option configures a client.
type Option func(*options)

type options struct {
	plaintext      bool
	tls            *tls.Config
	token          TokenSource
	defaultTimeout time.Duration
	serviceConfig  string
	streamRecovery llmrouterv1.StreamRecoveryMode
	dialOptions    []grpc.DialOption
}

// WithPlaintext disables TLS, for a router on the same machine or behind a mesh that encrypts. A token is then
// sent unencrypted.
func WithPlaintext() Option { return func(o *options) { o.plaintext = true } }

// WithTLS sets the TLS configuration. By default the system's certificates are trusted.
func WithTLS(config *tls.Config) Option { return func(o *options) { o.tls = config } }

// WithToken sends a bearer token with every call.
func WithToken(token string) Option {
	return WithTokenSource(func(context.Context) (string, error) { return token, nil })
}

// WithTokenSource calls a function for the bearer token before every call.
func WithTokenSource(source TokenSource) Option { return func(o *options) { o.token = source } }

// WithDefaultTimeout sets the deadline of calls whose context has none; 0 leaves it to the router.
func WithDefaultTimeout(timeout time.Duration) Option {
	return func(o *options) { o.defaultTimeout = timeout }
}

// WithStreamRecovery sets the recovery mode of streams whose request sets none. The default is
// STREAM_RECOVERY_MODE_RESTART; STREAM_RECOVERY_MODE_UNSPECIFIED leaves it to the policy.
func WithStreamRecovery(mode llmrouterv1.StreamRecoveryMode) Option {
	return func(o *options) { o.streamRecovery = mode }
}

// WithServiceConfig replaces [ServiceConfig]; an empty string disables it, and retries with it.
func WithServiceConfig(config string) Option { return func(o *options) { o.serviceConfig = config } }

// WithDialOptions passes options to gRPC after those of this package, for example interceptors.
func WithDialOptions(dial ...grpc.DialOption) Option {
	return func(o *options) { o.dialOptions = append(o.dialOptions, dial...) }
}

func (o *options) forGRPC() []grpc.DialOption {
	transport := credentials.NewTLS(o.tls)
	if o.plaintext {
		transport = insecure.NewCredentials()
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithUserAgent("llmrouter-go/" + Version),
		// A router is in the company's own network, so that HTTP proxies are never used.
		grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(
			// Answers may contain images and audio; the router limits their size.
			grpc.MaxCallRecvMsgSize(math.MaxInt32),
			grpc.MaxCallSendMsgSize(math.MaxInt32),
		),
		// Detects a lost router during a stream. The router permits pings every ten seconds.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time:    30 * time.Second,
			Timeout: 10 * time.Second,
		}),
	}
	if o.serviceConfig == "" {
		dial = append(dial, grpc.WithDisableRetry())
	} else {
		dial = append(dial, grpc.WithDefaultServiceConfig(o.serviceConfig))
	}
	if o.token != nil {
		dial = append(dial, grpc.WithPerRPCCredentials(bearer{o.token, !o.plaintext}))
	}
	return append(dial, o.dialOptions...)
}

// bearer adds a token to the metadata of every call.
type bearer struct {
	source TokenSource
	secure bool
}

func (b bearer) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := b.source(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return b.secure }
