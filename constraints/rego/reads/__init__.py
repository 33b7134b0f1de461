"""Which fields of the review a policy names, whatever the parameters of a constraint."""
