"""Lines of JSON: the two streams of them in one place, and those of many violations made at once."""
