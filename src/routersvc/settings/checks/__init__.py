"""Checks across sections: references, contradictions, rules that cannot match."""
