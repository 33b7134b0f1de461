"""OPA's static types, and what cannot fit."""
