"""Kubernetes Events about violations: what each says, which are due, and how they are written."""
