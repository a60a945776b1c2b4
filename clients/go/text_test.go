package llmrouter_test

import (
	"testing"

	"github.com/routersvc/routersvc/clients/go"
	"github.com/routersvc/routersvc/clients/go/llmrouterv1"
)

func said(text string) *llmrouterv1.StreamCompleteResponse {
	return &llmrouterv1.StreamCompleteResponse{
		Event: &llmrouterv1.StreamCompleteResponse_ContentDelta{
			ContentDelta: &llmrouterv1.ContentDelta{Text: text},
		},
	}
}

func recovered(kind llmrouterv1.RecoveryKind, kept int64) *llmrouterv1.StreamCompleteResponse {
	return &llmrouterv1.StreamCompleteResponse{
		Event: &llmrouterv1.StreamCompleteResponse_Recovered{
			Recovered: &llmrouterv1.Recovered{Kind: kind, KeptCharacters: kept},
		},
	}
}

// A restarted answer leaves nothing of the broken one.
func TestRestartTakesBackEverything(t *testing.T) {
	var text llmrouter.AnswerText
	text.Add(said("Wrong "))

	text.Add(recovered(llmrouterv1.RecoveryKind_RECOVERY_KIND_RESTARTED, 0))
	text.Add(said("Right."))

	if text.String() != "Right." {
		t.Errorf("the text is %q", text.String())
	}
}

// Characters are code points, whatever they weigh in UTF-8.
func TestResumptionKeepsSoManyCharacters(t *testing.T) {
	for kept, expected := range []string{"", "🧑", "🧑🚀", "🧑🚀 ", "🧑🚀 漢", "🧑🚀 漢字", "🧑🚀 漢字"} {
		var text llmrouter.AnswerText
		text.Add(said("🧑🚀 漢"))
		text.Add(said("字"))

		text.Add(recovered(llmrouterv1.RecoveryKind_RECOVERY_KIND_RESUMED, int64(kept)))

		if text.String() != expected {
			t.Errorf("of %d characters is left %q, not %q", kept, text.String(), expected)
		}
	}
}
