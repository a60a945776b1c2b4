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
)

// DefaultTimeout is the deadline of a call where neither its context nor its client says another.
const DefaultTimeout = 120 * time.Second

// ServiceConfig holds gRPC's own rules for retries and load balancing, the same for every language.
// See https://github.com/grpc/grpc/blob/master/doc/service_config.md.
//
//go:embed service_config.json
var ServiceConfig string

// TokenSource returns the token for the next call.
type TokenSource func(ctx context.Context) (string, error)

// Option says how a client connects and calls.
type Option func(*options)

type options struct {
	plaintext      bool
	tls            *tls.Config
	token          TokenSource
	defaultTimeout time.Duration
	serviceConfig  string
	dialOptions    []grpc.DialOption
}

// WithPlaintext does without TLS: for a router on this machine or behind a mesh that encrypts. A token
// then travels in plain text too.
func WithPlaintext() Option { return func(o *options) { o.plaintext = true } }

// WithTLS sets whom to trust and how. Without it the system's certificates count.
func WithTLS(config *tls.Config) Option { return func(o *options) { o.tls = config } }

// WithToken sends a bearer token with every call.
func WithToken(token string) Option {
	return WithTokenSource(func(context.Context) (string, error) { return token, nil })
}

// WithTokenSource asks for the bearer token before every call.
func WithTokenSource(source TokenSource) Option { return func(o *options) { o.token = source } }

// WithDefaultTimeout limits calls whose context has no deadline; 0 leaves their length to the router.
func WithDefaultTimeout(timeout time.Duration) Option {
	return func(o *options) { o.defaultTimeout = timeout }
}

// WithServiceConfig replaces [ServiceConfig]; an empty text means none.
func WithServiceConfig(config string) Option { return func(o *options) { o.serviceConfig = config } }

// WithDialOptions hands options to gRPC itself, after those of this package: interceptors, for instance.
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
		// A router stands inside the company's own network: never by way of a proxy for the web.
		grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(
			// Answers may hold pictures and sound; the router limits what it sends.
			grpc.MaxCallRecvMsgSize(math.MaxInt32),
			grpc.MaxCallSendMsgSize(math.MaxInt32),
		),
		// A router that vanished in mid-stream is noticed. It takes pings every ten seconds.
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

// bearer puts a token into the metadata of every call.
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
