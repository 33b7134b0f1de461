"""What this process is to others and has of the machine: signals, its turn to lead, readiness, memory and garbage."""
