"""What OPA's compiler refuses besides syntax, safety and types."""
