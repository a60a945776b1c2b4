package llmrouter

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/routersvc/routersvc/clients/go/llmrouterv1"
)

// TextPrompt returns a prompt of one user message.
func TextPrompt(text string) *llmrouterv1.Prompt {
	return &llmrouterv1.Prompt{Messages: []*llmrouterv1.Message{{
		Role:  llmrouterv1.Role_ROLE_USER,
		Parts: []*llmrouterv1.Part{{Content: &llmrouterv1.Part_Text{Text: text}}},
	}}}
}

// TextOf returns the text of a whole answer, without tool calls, reasoning and media.
func TextOf(response *llmrouterv1.CompleteResponse) string {
	var text strings.Builder
	for _, part := range response.GetMessage().GetParts() {
		text.WriteString(part.GetText())
	}
	return text.String()
}

// AnswerText collects the text and the citations of a streamed answer, also when the stream breaks and is recovered. The zero
// value is ready to use.
type AnswerText struct {
	text      strings.Builder
	citations []*llmrouterv1.Citation
}

// Add takes the next event and returns the text that it adds, which is often empty. A recovered event withdraws
// text: replace what was displayed by [AnswerText.String].
func (t *AnswerText) Add(event *llmrouterv1.StreamCompleteResponse) string {
	switch it := event.GetEvent().(type) {
	case *llmrouterv1.StreamCompleteResponse_ContentDelta:
		t.text.WriteString(it.ContentDelta.GetText())
		return it.ContentDelta.GetText()
	case *llmrouterv1.StreamCompleteResponse_Recovered:
		kept := ""
		if it.Recovered.GetKind() == llmrouterv1.RecoveryKind_RECOVERY_KIND_RESUMED {
			kept = beginning(t.text.String(), it.Recovered.GetKeptCharacters())
		}
		t.citations = slices.DeleteFunc(t.citations, func(citation *llmrouterv1.Citation) bool {
			return citation.EndCharacter == nil || citation.GetEndCharacter() > int64(utf8.RuneCountInString(kept))
		})
		t.text.Reset()
		t.text.WriteString(kept)
	case *llmrouterv1.StreamCompleteResponse_CitationDelta:
		t.citations = append(t.citations, it.CitationDelta.GetCitation())
	}
	return ""
}

// Citations returns the sources of the valid text so far.
func (t *AnswerText) Citations() []*llmrouterv1.Citation { return slices.Clone(t.citations) }

// String returns the valid text so far.
func (t *AnswerText) String() string { return t.text.String() }

// beginning returns the first code points of a text, at most `characters`.
func beginning(text string, characters int64) string {
	for at := range text {
		if characters == 0 {
			return text[:at]
		}
		characters--
	}
	return text
}
