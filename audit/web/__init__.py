"""What this program answers over HTTP."""
