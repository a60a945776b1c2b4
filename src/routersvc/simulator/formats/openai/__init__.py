"""OpenAI's Chat Completions and Responses APIs, as the simulator serves them."""
