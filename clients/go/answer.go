package llmrouter

import (
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/routersvc/routersvc/clients/go/llmrouterv1"
)

// StreamedAnswer folds the events of a stream into the answer that [Client.Complete] would give. Append its message to
// the conversation to continue it: reasoning, hosted activity and tool calls keep the proofs that their provider needs
// back, and texts their phases. The zero value is ready to use.
type StreamedAnswer struct {
	response  *llmrouterv1.CompleteResponse
	pieces    []*piece
	citations []cited
	logprobs  []weighed
	// Characters of the text so far.
	characters int64
	// The parts that go on with the next delta of their kind.
	text, refusal, thought, medium *piece
	mediumKind                     mediumKind
	calls                          map[int32]*piece
}

// A part of the message; its text comes in pieces.
type piece struct {
	part *llmrouterv1.Part
	text strings.Builder
	data []byte
}

type mediumKind struct {
	modality  llmrouterv1.Modality
	mediaType string
	index     uint32
}

// A citation, and how many texts had begun when it came.
type cited struct {
	citation *llmrouterv1.Citation
	texts    int
}

// A log probability, and how much of the text came before its delta.
type weighed struct {
	logprob *llmrouterv1.TokenLogprob
	start   int64
}

// Add takes the next event. A recovered event withdraws what came before it.
func (a *StreamedAnswer) Add(event *llmrouterv1.StreamCompleteResponse) {
	a.prepare()
	switch it := event.GetEvent().(type) {
	case *llmrouterv1.StreamCompleteResponse_RouteSelected:
		a.response.Report = it.RouteSelected.GetReport()
	case *llmrouterv1.StreamCompleteResponse_ContentDelta:
		a.addText(it.ContentDelta)
	case *llmrouterv1.StreamCompleteResponse_RefusalDelta:
		if a.refusal == nil {
			a.refusal = a.begin(&llmrouterv1.Part{Content: &llmrouterv1.Part_Refusal{}})
		}
		a.refusal.text.WriteString(it.RefusalDelta.GetText())
	case *llmrouterv1.StreamCompleteResponse_ReasoningDelta:
		a.addThought(it.ReasoningDelta)
	case *llmrouterv1.StreamCompleteResponse_HostedActivityDelta:
		activity := it.HostedActivityDelta.GetActivity()
		a.begin(&llmrouterv1.Part{Content: &llmrouterv1.Part_HostedActivity{HostedActivity: activity}})
		if len(activity.GetProof()) > 0 {
			a.close()
		}
	case *llmrouterv1.StreamCompleteResponse_ToolCallDelta:
		a.addCall(it.ToolCallDelta)
	case *llmrouterv1.StreamCompleteResponse_MediaDelta:
		a.addMedia(it.MediaDelta)
	case *llmrouterv1.StreamCompleteResponse_CitationDelta:
		a.citations = append(a.citations, cited{it.CitationDelta.GetCitation(), a.texts()})
	case *llmrouterv1.StreamCompleteResponse_Usage:
		a.response.Usage = it.Usage
	case *llmrouterv1.StreamCompleteResponse_Recovered:
		a.recover(it.Recovered)
	case *llmrouterv1.StreamCompleteResponse_Finished:
		a.response.FinishReason = it.Finished.GetFinishReason()
		a.response.StopSequence = it.Finished.GetStopSequence()
		a.response.Report = it.Finished.GetReport()
	}
}

// Response returns the answer so far; with a finish reason, it is complete.
func (a *StreamedAnswer) Response() *llmrouterv1.CompleteResponse {
	a.prepare()
	response := proto.Clone(a.response).(*llmrouterv1.CompleteResponse)
	response.Message = &llmrouterv1.Message{Role: llmrouterv1.Role_ROLE_ASSISTANT}
	var texts []*llmrouterv1.Part
	for _, it := range a.pieces {
		part := it.whole()
		response.Message.Parts = append(response.Message.Parts, part)
		if it.isText() {
			texts = append(texts, part)
		}
	}
	for _, it := range a.logprobs {
		response.Logprobs = append(response.Logprobs, it.logprob)
	}
	for _, it := range a.citations {
		it.place(texts)
	}
	return response
}

func (a *StreamedAnswer) prepare() {
	if a.response == nil {
		a.response = &llmrouterv1.CompleteResponse{}
		a.calls = map[int32]*piece{}
	}
}

// close ends the open text, refusal and thought: what comes next are parts of their own.
func (a *StreamedAnswer) close() { a.text, a.refusal, a.thought = nil, nil, nil }

func (a *StreamedAnswer) begin(part *llmrouterv1.Part) *piece {
	begun := &piece{part: part}
	a.pieces = append(a.pieces, begun)
	return begun
}

func (a *StreamedAnswer) texts() int {
	count := 0
	for _, it := range a.pieces {
		if it.isText() {
			count++
		}
	}
	return count
}

func (a *StreamedAnswer) addText(delta *llmrouterv1.ContentDelta) {
	for _, logprob := range delta.GetLogprobs() {
		a.logprobs = append(a.logprobs, weighed{logprob, a.characters})
	}
	if a.text == nil || a.text.part.GetPhase() != delta.GetPhase() {
		if delta.GetText() == "" {
			return
		}
		a.text = a.begin(&llmrouterv1.Part{Content: &llmrouterv1.Part_Text{}, Phase: delta.GetPhase()})
	}
	a.text.text.WriteString(delta.GetText())
	a.characters += int64(utf8.RuneCountInString(delta.GetText()))
}

func (a *StreamedAnswer) addThought(delta *llmrouterv1.ReasoningDelta) {
	if a.thought == nil {
		a.thought = a.begin(&llmrouterv1.Part{
			Content: &llmrouterv1.Part_Reasoning{Reasoning: &llmrouterv1.ReasoningContent{}},
		})
	}
	thought := a.thought
	thought.text.WriteString(delta.GetText())
	if len(delta.GetSignature()) > 0 || len(delta.GetEncrypted()) > 0 {
		reasoning := thought.part.GetReasoning()
		reasoning.Signature = delta.GetSignature()
		reasoning.Encrypted = delta.GetEncrypted()
		reasoning.Maker = delta.GetMaker()
		a.close()
	}
}

func (a *StreamedAnswer) addCall(delta *llmrouterv1.ToolCallDelta) {
	begun := a.calls[delta.GetIndex()]
	if begun == nil {
		begun = a.begin(&llmrouterv1.Part{
			Content: &llmrouterv1.Part_ToolCall{ToolCall: &llmrouterv1.ToolCall{}},
		})
		a.calls[delta.GetIndex()] = begun
		a.close()
	}
	call := begun.part.GetToolCall()
	if call.Id == "" {
		call.Id = delta.GetId()
	}
	if call.Name == "" {
		call.Name = delta.GetName()
	}
	if len(call.Signature) == 0 && len(delta.GetSignature()) > 0 {
		call.Signature = delta.GetSignature()
		call.SignatureMaker = delta.GetSignatureMaker()
	}
	begun.text.WriteString(delta.GetArgumentsJson())
}

func (a *StreamedAnswer) addMedia(delta *llmrouterv1.MediaDelta) {
	kind := mediumKind{delta.GetModality(), delta.GetMediaType(), delta.GetIndex()}
	if a.medium == nil || a.mediumKind != kind {
		part := &llmrouterv1.Part{}
		if delta.GetModality() == llmrouterv1.Modality_MODALITY_IMAGE {
			image := &llmrouterv1.Image{MediaType: delta.GetMediaType()}
			if delta.GetUrl() != "" {
				image.Source = &llmrouterv1.Image_Url{Url: delta.GetUrl()}
			}
			part.Content = &llmrouterv1.Part_Image{Image: image}
		} else {
			part.Content = &llmrouterv1.Part_Audio{
				Audio: &llmrouterv1.Audio{MediaType: delta.GetMediaType()},
			}
		}
		a.medium, a.mediumKind = a.begin(part), kind
	}
	a.medium.data = append(a.medium.data, delta.GetData()...)
	a.medium.text.WriteString(delta.GetTranscript())
}

func (a *StreamedAnswer) recover(recovered *llmrouterv1.Recovered) {
	if recovered.GetKind() != llmrouterv1.RecoveryKind_RECOVERY_KIND_RESUMED {
		*a = StreamedAnswer{}
		a.prepare()
		a.response.Report = recovered.GetReport()
		return
	}
	a.response.Report = recovered.GetReport()
	kept := recovered.GetKeptCharacters()
	left := kept
	a.close()
	a.medium = nil
	a.calls = map[int32]*piece{}
	a.pieces = slices.DeleteFunc(a.pieces, func(it *piece) bool {
		switch it.part.GetContent().(type) {
		case *llmrouterv1.Part_Text:
			text := beginning(it.text.String(), left)
			left -= int64(utf8.RuneCountInString(text))
			it.text.Reset()
			it.text.WriteString(text)
			if text != "" {
				a.text = it
			}
			return text == ""
		case *llmrouterv1.Part_Reasoning, *llmrouterv1.Part_HostedActivity:
			return false
		}
		return true
	})
	a.characters = kept - left
	a.logprobs = slices.DeleteFunc(a.logprobs, func(it weighed) bool { return it.start >= a.characters })
	a.citations = slices.DeleteFunc(a.citations, func(it cited) bool {
		return it.citation.EndCharacter == nil || it.citation.GetEndCharacter() > kept
	})
}

func (p *piece) isText() bool {
	_, ok := p.part.GetContent().(*llmrouterv1.Part_Text)
	return ok
}

// whole returns the part with its text and its bytes.
func (p *piece) whole() *llmrouterv1.Part {
	part := proto.Clone(p.part).(*llmrouterv1.Part)
	switch it := part.GetContent().(type) {
	case *llmrouterv1.Part_Text:
		it.Text = p.text.String()
	case *llmrouterv1.Part_Refusal:
		it.Refusal = p.text.String()
	case *llmrouterv1.Part_Reasoning:
		it.Reasoning.Text = p.text.String()
	case *llmrouterv1.Part_ToolCall:
		it.ToolCall.ArgumentsJson = p.text.String()
	case *llmrouterv1.Part_Image:
		if it.Image.GetUrl() == "" {
			it.Image.Source = &llmrouterv1.Image_Data{Data: slices.Clone(p.data)}
		}
	case *llmrouterv1.Part_Audio:
		it.Audio.Data = slices.Clone(p.data)
		it.Audio.Transcript = p.text.String()
	}
	return part
}

// place gives a citation to the texts that it supports, counted from their beginnings.
func (c cited) place(texts []*llmrouterv1.Part) {
	if len(texts) == 0 {
		return
	}
	first, isPlaced := int64(0), false
	start, end := c.citation.GetStartCharacter(), c.citation.GetEndCharacter()
	for _, part := range texts {
		if c.citation.EndCharacter == nil {
			break
		}
		after := first + int64(utf8.RuneCountInString(part.GetText()))
		isHere := start < after && first < end
		if isHere || (start == end && !isPlaced && first <= start && start <= after) {
			isPlaced = true
			own := proto.Clone(c.citation).(*llmrouterv1.Citation)
			own.StartCharacter = proto.Int64(max(0, start-first))
			own.EndCharacter = proto.Int64(min(end, after) - first)
			part.Citations = append(part.Citations, own)
		}
		first = after
	}
	if !isPlaced {
		own := proto.Clone(c.citation).(*llmrouterv1.Citation)
		own.StartCharacter, own.EndCharacter = nil, nil
		part := texts[min(max(0, c.texts-1), len(texts)-1)]
		part.Citations = append(part.Citations, own)
	}
}
