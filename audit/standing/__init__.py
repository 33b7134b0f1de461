"""What stands of earlier runs where this one was blind: what it could not see, and what was known of that (pure)."""
