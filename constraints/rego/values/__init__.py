"""Rego's values: what they are in Python, their order, their numbers, their text, and what may become of their size."""
