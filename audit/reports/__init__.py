"""Policy reports: what each says, how they are named, which are due, and how they are read and written."""
