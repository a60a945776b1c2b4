// Command conformance drives the client for the conformance cases: see ../../conformance/README.md.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/routersvc/routersvc/clients/go"
	"github.com/routersvc/routersvc/clients/go/llmrouterv1"
)

type command struct {
	ID             int             `json:"id"`
	Op             string          `json:"op"`
	Client         string          `json:"client"`
	Address        string          `json:"address"`
	Plaintext      bool            `json:"plaintext"`
	CAFile         string          `json:"ca_file"`
	Token          string          `json:"token"`
	DefaultTimeout *float64        `json:"default_timeout"`
	StreamRecovery *string         `json:"stream_recovery"`
	Request        json.RawMessage `json:"request"`
	Timeout        *float64        `json:"timeout"`
	Wait           bool            `json:"wait"`
	Call           int             `json:"call"`
}

type object = map[string]any

type driver struct {
	writing sync.Mutex
	clients map[string]*llmrouter.Client
	cancels sync.Map
	calls   sync.WaitGroup
}

func main() {
	d := &driver{clients: map[string]*llmrouter.Client{}}
	d.write(object{"ready": true, "language": "go", "library": llmrouter.Version})
	commands := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var it command
		if err := commands.Decode(&it); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := d.perform(it); err != nil {
			d.write(object{"id": it.ID, "outcome": "defect", "message": err.Error()})
		}
	}
	for _, client := range d.clients {
		_ = client.Close()
	}
	d.calls.Wait()
}

// perform executes a command; calls are only started.
func (d *driver) perform(it command) error {
	switch it.Op {
	case "connect":
		client, err := connect(it)
		if err != nil {
			return err
		}
		d.clients[it.Client] = client
	case "close":
		if err := d.clients[it.Client].Close(); err != nil {
			return err
		}
		delete(d.clients, it.Client)
	case "cancel":
		if cancel, ok := d.cancels.Load(it.Call); ok {
			cancel.(context.CancelFunc)()
		}
	default:
		ctx, cancel := context.WithCancel(context.Background())
		if it.Timeout != nil {
			ctx, cancel = context.WithTimeout(context.Background(), seconds(*it.Timeout))
		}
		d.cancels.Store(it.ID, cancel)
		d.calls.Add(1)
		go func(client *llmrouter.Client) {
			defer d.calls.Done()
			defer cancel()
			outcome := d.call(ctx, client, it)
			outcome["id"] = it.ID
			d.write(outcome)
		}(d.clients[it.Client])
		return nil
	}
	d.write(object{"id": it.ID, "outcome": "done"})
	return nil
}

func connect(it command) (*llmrouter.Client, error) {
	var options []llmrouter.Option
	if it.Plaintext {
		options = append(options, llmrouter.WithPlaintext())
	}
	if it.CAFile != "" {
		pem, err := os.ReadFile(it.CAFile)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		options = append(options, llmrouter.WithTLS(&tls.Config{RootCAs: roots}))
	}
	if it.Token != "" {
		options = append(options, llmrouter.WithToken(it.Token))
	}
	if it.DefaultTimeout != nil {
		options = append(options, llmrouter.WithDefaultTimeout(seconds(*it.DefaultTimeout)))
	}
	if it.StreamRecovery != nil {
		mode := llmrouterv1.StreamRecoveryMode_value[*it.StreamRecovery]
		options = append(options, llmrouter.WithStreamRecovery(llmrouterv1.StreamRecoveryMode(mode)))
	}
	return llmrouter.Dial(it.Address, options...)
}

func (d *driver) call(ctx context.Context, client *llmrouter.Client, it command) object {
	options := []grpc.CallOption{grpc.WaitForReady(it.Wait)}
	switch it.Op {
	case "complete":
		return unary(ctx, it, &llmrouterv1.CompleteRequest{}, client.Complete, options)
	case "explain":
		return unary(ctx, it, &llmrouterv1.ExplainRouteRequest{}, client.Explain, options)
	case "health":
		return unary(ctx, it, &llmrouterv1.ProviderHealthRequest{}, client.Health, options)
	case "models":
		return unary(ctx, it, &llmrouterv1.ListModelsRequest{}, client.Models, options)
	case "stream":
		return d.stream(ctx, client, it, options)
	}
	return object{"outcome": "defect", "message": "unknown op " + it.Op}
}

func unary[Request, Response proto.Message](
	ctx context.Context,
	it command,
	request Request,
	call func(context.Context, Request, ...grpc.CallOption) (Response, error),
	options []grpc.CallOption,
) object {
	if err := protojson.Unmarshal(it.Request, request); err != nil {
		return object{"outcome": "defect", "message": err.Error()}
	}
	response, err := call(ctx, request, options...)
	if err != nil {
		return failure(ctx, err)
	}
	return object{"outcome": "response", "response": jsonOf(response)}
}

func (d *driver) stream(
	ctx context.Context, client *llmrouter.Client, it command, options []grpc.CallOption,
) object {
	var request llmrouterv1.StreamCompleteRequest
	if err := protojson.Unmarshal(it.Request, &request); err != nil {
		return object{"outcome": "defect", "message": err.Error()}
	}
	var text llmrouter.AnswerText
	var answer llmrouter.StreamedAnswer
	for event, err := range client.Stream(ctx, &request, options...) {
		if err != nil {
			outcome := failure(ctx, err)
			outcome["text"] = text.String()
			outcome["answer"] = jsonOf(answer.Response())
			return outcome
		}
		text.Add(event)
		answer.Add(event)
		d.write(object{"id": it.ID, "event": jsonOf(event)})
	}
	return object{"outcome": "finished", "text": text.String(), "answer": jsonOf(answer.Response())}
}

func failure(ctx context.Context, err error) object {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return object{"outcome": "cancelled"}
	}
	var found *llmrouter.CallError
	if !errors.As(err, &found) {
		return object{"outcome": "defect", "message": fmt.Sprintf("%T: %v", err, err)}
	}
	kind := "call"
	switch {
	case errors.Is(err, llmrouter.ErrNotConnected):
		kind = "not_connected"
	case errors.Is(err, llmrouter.ErrIncompleteStream):
		kind = "incomplete"
	}
	violations := []object{}
	for _, violation := range found.Violations {
		violations = append(violations, object{
			"field": violation.Field, "description": violation.Description,
		})
	}
	metadata := found.Metadata
	if metadata == nil {
		metadata = map[string]string{}
	}
	said := object{
		"type":        kind,
		"status":      statusNames[found.Code],
		"reason":      found.ReasonName,
		"message":     found.Message,
		"metadata":    metadata,
		"violations":  violations,
		"retry_delay": nil,
		"report":      nil,
	}
	if found.RetryDelay != 0 {
		said["retry_delay"] = found.RetryDelay.Seconds()
	}
	if found.Report != nil {
		said["report"] = jsonOf(found.Report)
	}
	return object{"outcome": "error", "error": said}
}

var statusNames = []string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
	"ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
	"OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

func jsonOf(message proto.Message) json.RawMessage {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	if err != nil {
		panic(err)
	}
	return text
}

func (d *driver) write(line object) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	_, _ = os.Stdout.Write(append(text, '\n'))
}

func seconds(value float64) time.Duration { return time.Duration(value * float64(time.Second)) }
