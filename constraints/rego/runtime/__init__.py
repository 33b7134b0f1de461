"""All that generated code may call, besides values and builtins."""
