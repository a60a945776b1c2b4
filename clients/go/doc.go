// Package llmrouter is a client of the router of LLM requests.
//
// [Dial] connects, [Client.Complete] returns a whole answer, [Client.Stream] its events as they
// arrive. A call that did not end well returns a [*CallError]. The messages of the contract stand in
// the package llmrouterv1.
//
// A call ends when its context does: at the router and at the provider that answers too.
package llmrouter

// Version is the version of this module.
const Version = "0.1.0"
