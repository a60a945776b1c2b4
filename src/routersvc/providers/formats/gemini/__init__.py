"""Google's generateContent: the Gemini API with a key, and Vertex AI."""
