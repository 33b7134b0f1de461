"""What the program was told: flags, environment, and the frozen groups that they fill."""
