"""Google's Gemini API, as the simulator serves it."""
