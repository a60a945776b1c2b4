package llmrouter_test

import (
	"context"
	"fmt"
	"log"
	"os"

	llmrouter "github.com/routersvc/routersvc/clients/go"
	"github.com/routersvc/routersvc/clients/go/llmrouterv1"
)

// A streamed answer from a router with TLS and a token.
func ExampleClient_Stream() {
	router, err := llmrouter.Dial("router.example:443", llmrouter.WithToken(os.Getenv("TOKEN")))
	if err != nil {
		log.Fatal(err)
	}
	defer router.Close()

	request := &llmrouterv1.StreamCompleteRequest{Prompt: llmrouter.TextPrompt("Why is the sky blue?")}
	var text llmrouter.AnswerText
	for event, err := range router.Stream(context.Background(), request) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text.Add(event))
	}
}
