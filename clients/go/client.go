package llmrouter

import (
	"context"
	"errors"
	"io"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/routersvc/routersvc/clients/go/llmrouterv1"
)

// Client calls one router. It is safe for concurrent use.
type Client struct {
	address string
	options options
	conn    *grpc.ClientConn
	stub    llmrouterv1.RouterServiceClient
	models  llmrouterv1.CatalogueServiceClient
}

// Dial returns a client of the router at an address such as "router.example:443". It connects with the
// first call.
func Dial(address string, opts ...Option) (*Client, error) {
	settings := options{
		defaultTimeout: DefaultTimeout,
		serviceConfig:  ServiceConfig,
		streamRecovery: llmrouterv1.StreamRecoveryMode_STREAM_RECOVERY_MODE_RESTART,
	}
	for _, option := range opts {
		option(&settings)
	}
	conn, err := grpc.NewClient(address, settings.forGRPC()...)
	if err != nil {
		return nil, err
	}
	return &Client{
		address: address,
		options: settings,
		conn:    conn,
		stub:    llmrouterv1.NewRouterServiceClient(conn),
		models:  llmrouterv1.NewCatalogueServiceClient(conn),
	}, nil
}

// Close closes the connection and cancels running calls.
func (c *Client) Close() error { return c.conn.Close() }

// Complete returns the whole answer, or a [*CallError].
//
// With [grpc.WaitForReady] the call waits for a connection until the deadline; without, it fails at once if
// there is none.
func (c *Client) Complete(
	ctx context.Context, request *llmrouterv1.CompleteRequest, opts ...grpc.CallOption,
) (*llmrouterv1.CompleteResponse, error) {
	return unary(ctx, c, c.stub.Complete, request, opts)
}

// Stream yields the events of the answer as they arrive. If the answer is incomplete, the last pair is nil and
// a [*CallError]. Leaving the loop cancels the call.
//
// A broken stream starts over after a recovered event, unless the request or [WithStreamRecovery] sets another
// mode; [AnswerText] follows such events.
func (c *Client) Stream(
	ctx context.Context, request *llmrouterv1.StreamCompleteRequest, opts ...grpc.CallOption,
) iter.Seq2[*llmrouterv1.StreamCompleteResponse, error] {
	return func(yield func(*llmrouterv1.StreamCompleteResponse, error) bool) {
		ctx, cancel := c.limited(ctx)
		defer cancel()
		stream, err := c.stub.StreamComplete(ctx, c.withStreamRecovery(request), opts...)
		if err != nil {
			yield(nil, callError(err, c.address))
			return
		}
		finished := false
		for {
			event, err := stream.Recv()
			switch {
			case errors.Is(err, io.EOF) && finished:
				return
			case errors.Is(err, io.EOF):
				yield(nil, incompleteStream())
				return
			case err != nil:
				yield(nil, callError(err, c.address))
				return
			}
			finished = event.GetFinished() != nil
			if !yield(event, nil) {
				return
			}
		}
	}
}

// Explain returns where a request would go and why, or where a past one went, or a [*CallError].
func (c *Client) Explain(
	ctx context.Context, request *llmrouterv1.ExplainRouteRequest, opts ...grpc.CallOption,
) (*llmrouterv1.ExplainRouteResponse, error) {
	return unary(ctx, c, c.stub.ExplainRoute, request, opts)
}

// Health returns the health of the deployments, or a [*CallError].
func (c *Client) Health(
	ctx context.Context, request *llmrouterv1.ProviderHealthRequest, opts ...grpc.CallOption,
) (*llmrouterv1.ProviderHealthResponse, error) {
	return unary(ctx, c, c.stub.ProviderHealth, request, opts)
}

// Models returns the models that the caller can use, or a [*CallError].
func (c *Client) Models(
	ctx context.Context, request *llmrouterv1.ListModelsRequest, opts ...grpc.CallOption,
) (*llmrouterv1.ListModelsResponse, error) {
	return unary(ctx, c, c.models.ListModels, request, opts)
}

// unary makes a unary call.
func unary[Request, Response any](
	ctx context.Context,
	c *Client,
	call func(context.Context, Request, ...grpc.CallOption) (Response, error),
	request Request,
	opts []grpc.CallOption,
) (Response, error) {
	ctx, cancel := c.limited(ctx)
	defer cancel()
	response, err := call(ctx, request, opts...)
	return response, callError(err, c.address)
}

// withStreamRecovery returns the request with the client's recovery mode, unless it sets one.
func (c *Client) withStreamRecovery(
	request *llmrouterv1.StreamCompleteRequest,
) *llmrouterv1.StreamCompleteRequest {
	unset := llmrouterv1.StreamRecoveryMode_STREAM_RECOVERY_MODE_UNSPECIFIED
	if c.options.streamRecovery == unset || request.GetRouting().GetStreamRecoveryMode() != unset {
		return request
	}
	changed := &llmrouterv1.StreamCompleteRequest{}
	proto.Merge(changed, request)
	if changed.Routing == nil {
		changed.Routing = &llmrouterv1.Routing{}
	}
	changed.Routing.StreamRecoveryMode = c.options.streamRecovery
	return changed
}

// limited returns a context with a deadline, unless the client has no default timeout.
func (c *Client) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok || c.options.defaultTimeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.options.defaultTimeout)
}
