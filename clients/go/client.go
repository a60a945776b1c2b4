package llmrouter

import (
	"context"
	"errors"
	"io"
	"iter"

	"google.golang.org/grpc"

	"github.com/routersvc/routersvc/clients/go/llmrouterv1"
)

// Client calls one router. It may be used by several goroutines at once.
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
	settings := options{defaultTimeout: DefaultTimeout, serviceConfig: ServiceConfig}
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

// Close closes the connection and cancels what still runs.
func (c *Client) Close() error { return c.conn.Close() }

// Complete returns the whole answer, or a [*CallError].
//
// With [grpc.WaitForReady] a router that cannot be heard is waited for, as long as the deadline allows.
func (c *Client) Complete(
	ctx context.Context, request *llmrouterv1.CompleteRequest, opts ...grpc.CallOption,
) (*llmrouterv1.CompleteResponse, error) {
	return unary(ctx, c, c.stub.Complete, request, opts)
}

// Stream yields the answer's events as they arrive. Where the answer is not complete, the last thing it
// yields is a [*CallError] and no event. Leaving the loop cancels the call.
func (c *Client) Stream(
	ctx context.Context, request *llmrouterv1.StreamCompleteRequest, opts ...grpc.CallOption,
) iter.Seq2[*llmrouterv1.StreamCompleteResponse, error] {
	return func(yield func(*llmrouterv1.StreamCompleteResponse, error) bool) {
		ctx, cancel := c.limited(ctx)
		defer cancel()
		stream, err := c.stub.StreamComplete(ctx, request, opts...)
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

// Explain returns why a request would go where it would go, or a [*CallError].
func (c *Client) Explain(
	ctx context.Context, request *llmrouterv1.ExplainRouteRequest, opts ...grpc.CallOption,
) (*llmrouterv1.ExplainRouteResponse, error) {
	return unary(ctx, c, c.stub.ExplainRoute, request, opts)
}

// Health returns how the deployments fare, or a [*CallError].
func (c *Client) Health(
	ctx context.Context, request *llmrouterv1.ProviderHealthRequest, opts ...grpc.CallOption,
) (*llmrouterv1.ProviderHealthResponse, error) {
	return unary(ctx, c, c.stub.ProviderHealth, request, opts)
}

// Models returns the models that can be asked for, or a [*CallError].
func (c *Client) Models(
	ctx context.Context, request *llmrouterv1.ListModelsRequest, opts ...grpc.CallOption,
) (*llmrouterv1.ListModelsResponse, error) {
	return unary(ctx, c, c.models.ListModels, request, opts)
}

// unary makes a call that answers once.
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

// limited returns a context that has a deadline, unless the client wants none.
func (c *Client) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok || c.options.defaultTimeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.options.defaultTimeout)
}
