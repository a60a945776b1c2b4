"""Azure OpenAI, as the simulator serves it."""
