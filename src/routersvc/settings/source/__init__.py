"""YAML read with line numbers, and the list of problems found."""
