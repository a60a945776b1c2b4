// Package llmrouter is a client of the router of LLM requests.
//
// [Dial] connects, [Client.Complete] returns a whole answer, [Client.Stream] its events as they
// arrive. A failed call returns a [*CallError]. The messages of the contract are in the package
// llmrouterv1.
//
// Cancelling the context cancels the call, also at the router and the provider.
package llmrouter

// Version is the version of this module.
const Version = "0.1.0"
