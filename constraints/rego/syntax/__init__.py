"""Text to tree: tokens, terms, bodies, rules, modules; and the walks over that tree that every later room takes."""
