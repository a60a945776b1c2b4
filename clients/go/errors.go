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
	// ErrNotConnected means that there is no connection to a router: nothing listens, or it broke.
	ErrNotConnected = errors.New("no connection to a router")
	// ErrIncompleteStream means that a stream ended without its last event: its text is not the answer.
	ErrIncompleteStream = errors.New("the stream ended before the answer was complete")
)

// Violation is one field of the request that is missing or wrong.
type Violation struct {
	Field       string
	Description string
}

// CallError is the error of a failed call. Use errors.As to get it, and errors.Is to distinguish
// [ErrNotConnected], [ErrIncompleteStream], [context.Canceled] and [context.DeadlineExceeded].
type CallError struct {
	// Code is the gRPC status.
	Code codes.Code
	// Reason says why. Unspecified if the error is not from a router, or if this client does not know it.
	Reason llmrouterv1.ErrorReason
	// ReasonName is the name of the reason without its prefix, also of an unknown one.
	ReasonName string
	// Message is the message of the status.
	Message string
	// Metadata has the facts that belong to the reason.
	Metadata map[string]string
	// Violations has the invalid fields of the request.
	Violations []Violation
	// RetryDelay is the time to wait before a retry; 0 if a retry does not help.
	RetryDelay time.Duration
	// Report has the attempts of the router. Nil if it made none.
	Report *llmrouterv1.RouteReport

	cause  error
	status *status.Status
}

// Error returns the message.
func (e *CallError) Error() string { return e.Message }

// Unwrap returns the cause, for [errors.Is].
func (e *CallError) Unwrap() error { return e.cause }

// GRPCStatus returns the original status, for [status.FromError].
func (e *CallError) GRPCStatus() *status.Status { return e.status }

// callError returns the typed error of a failed call; nil for nil.
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

// lastCause returns the last part of gRPC's message, which is the cause.
func lastCause(message string) string {
	return strings.Trim(message[strings.LastIndex(message, ": ")+1:], ` "`)
}
