"""What the compilers of policy languages share: source text, positions in it, and quoted text."""
