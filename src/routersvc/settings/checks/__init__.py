"""Checks across keys and sections: unknown names, contradictions, rules that never match."""
