"""JSON that an answer was promised to be: found in its text, and held against its schema."""
