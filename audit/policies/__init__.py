"""What objects are held against: templates, constraints, and what surrounds them; read, never written."""
