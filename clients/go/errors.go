package llmrouter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/routersvc/routersvc/clients/go/llmrouterv1"
)

// ErrorDomain is the domain of every ErrorInfo of a router.
const ErrorDomain = "llmrouter.v1"

const reasonPrefix = "ERROR_REASON_"

var (
	// ErrNotConnected tells that no router could be heard: nothing listens, or the connection broke.
	ErrNotConnected = errors.New("no router could be heard")
	// ErrIncompleteStream tells that a stream ended without its last event: what came is not the answer.
	ErrIncompleteStream = errors.New("the stream ended before the answer was complete")
)

// Violation is one field of the request that is missing or wrong.
type Violation struct {
	Field       string
	Description string
}

// CallError tells why a call did not end well. Use errors.As to get it, and errors.Is to tell
// [ErrNotConnected], [ErrIncompleteStream], [context.Canceled] and [context.DeadlineExceeded] apart.
type CallError struct {
	// Code is the gRPC status.
	Code codes.Code
	// Reason says why. Unspecified where no router spoke, or where it is newer than this client.
	Reason llmrouterv1.ErrorReason
	// ReasonName is the name of the reason without its prefix, also of one that is not known yet.
	ReasonName string
	// Message is for people.
	Message string
	// Metadata holds the facts that belong to the reason.
	Metadata map[string]string
	// Violations names each bad field of the request.
	Violations []Violation
	// RetryDelay is when a retry can help; 0 where it cannot.
	RetryDelay time.Duration
	// Report says what the router did. Nil where it says nothing.
	Report *llmrouterv1.RouteReport

	cause  error
	status *status.Status
}

// Error says what happened in one sentence.
func (e *CallError) Error() string { return e.Message }

// Unwrap returns what [errors.Is] finds in it.
func (e *CallError) Unwrap() error { return e.cause }

// GRPCStatus returns the status as it came, for [status.FromError].
func (e *CallError) GRPCStatus() *status.Status { return e.status }

// callError returns what a failed call says; nil for one that did not fail.
func callError(err error, address string) error {
	if err == nil {
		return nil
	}
	given := status.Convert(err)
	found := &CallError{Code: given.Code(), Message: given.Message(), status: given}
	switch given.Code() {
	case codes.Canceled:
		found.cause = context.Canceled
	case codes.DeadlineExceeded:
		found.cause = context.DeadlineExceeded
	default:
	}
	details := given.Details()
	if len(details) == 0 {
		if given.Code() == codes.Unavailable {
			found.cause = ErrNotConnected
			found.Message = fmt.Sprintf("no router at %s: %s", address, lastCause(given.Message()))
		}
		return found
	}
	for _, detail := range details {
		switch it := detail.(type) {
		case *errdetails.ErrorInfo:
			if it.GetDomain() == ErrorDomain {
				found.ReasonName = it.GetReason()
				found.Reason = llmrouterv1.ErrorReason(
					llmrouterv1.ErrorReason_value[reasonPrefix+it.GetReason()],
				)
				found.Metadata = it.GetMetadata()
			}
		case *errdetails.BadRequest:
			for _, violation := range it.GetFieldViolations() {
				found.Violations = append(found.Violations, Violation{
					Field: violation.GetField(), Description: violation.GetDescription(),
				})
			}
		case *errdetails.RetryInfo:
			found.RetryDelay = it.GetRetryDelay().AsDuration()
		case *llmrouterv1.RouteReport:
			found.Report = it
		}
	}
	return found
}

func incompleteStream() error {
	message := ErrIncompleteStream.Error()
	return &CallError{
		Code:    codes.DataLoss,
		Message: message,
		cause:   ErrIncompleteStream,
		status:  status.New(codes.DataLoss, message),
	}
}

// lastCause returns the end of gRPC's own chain of words, which is what happened.
func lastCause(message string) string {
	return strings.Trim(message[strings.LastIndex(message, ": ")+1:], ` "`)
}
