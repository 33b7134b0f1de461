"""Names to what they mean: rules under absolute paths, variables of their own, and the graph of who refers to whom."""
