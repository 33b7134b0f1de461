"""OPA's rule index: which rules it leaves alone, and which can end in a conflict."""
