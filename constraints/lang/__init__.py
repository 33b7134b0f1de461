"""What the compilers of policy languages share: source text and positions in it."""
