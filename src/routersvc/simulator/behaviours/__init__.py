"""How a simulated provider answers: latencies, lengths, rate limits."""
